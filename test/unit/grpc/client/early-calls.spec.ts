import { CallCredentials, Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorCode } from '../../../../lib/http2/index.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import {
  codesOf,
  goAway,
  greeting,
  okResponse,
  silentPort,
  startCalls,
  windowUpdate,
} from '../../../fixtures/grpc/silent-peer.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { statesOf } from '../../../fixtures/grpc/states.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

const KiB = 1024;

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

describe('before the SETTINGS of the peer', () => {
  it('a call leaves with its message, and the channel is READY only with them', async () => {
    const { channel, peers } = await silentPort(site);
    const states = statesOf(channel);
    const call = new RawCall(channel);

    await eventually(() => peers[0]?.dataBytes).toBeGreaterThan(0);

    expect(peers[0]!.requests).toEqual([1]);
    expect(states).toEqual(['IDLE', 'CONNECTING']);
    peers[0]!.write(greeting(), okResponse(1));
    expect(await call.ended).toBe(status.OK);
    expect(states).toEqual(['IDLE', 'CONNECTING', 'READY']);
  });

  it('calls leave that start when the connection is made already', async () => {
    const { channel, peers } = await silentPort(site);
    channel.getConnectivityState(true);
    await eventually(() => peers[0]?.frames.length).toBeGreaterThan(0);

    startCalls(channel, 3);

    await eventually(() => peers[0]!.requests).toEqual([1, 3, 5]);
  });

  it('a call leaves with the metadata of its credentials', async () => {
    const { channel, peers } = await silentPort(site);
    const credentials = CallCredentials.createFromMetadataGenerator((_params, callback) =>
      callback(null, new Metadata()),
    );

    const call = new RawCall(channel, { credentials });

    await eventually(() => peers[0]?.requests).toEqual([1]);
    peers[0]!.write(greeting(), okResponse(1));
    expect(await call.ended).toBe(status.OK);
  });

  it('no call leaves that waits until the channel is ready', async () => {
    const { channel, peers } = await silentPort(site);
    const call = new RawCall(channel, { waitForReady: true });
    void new RawCall(channel);
    await eventually(() => peers[0]?.requests).toEqual([1]);

    peers[0]!.write(greeting());

    await eventually(() => peers[0]!.requests).toEqual([1, 3]);
    peers[0]!.write(okResponse(3));
    expect(await call.ended).toBe(status.OK);
  });

  it('no call leaves whose metadata the peer may not accept', async () => {
    const { channel, peers } = await silentPort(site);
    const metadata = new Metadata();
    metadata.set('long', 'x'.repeat(8 * KiB));
    void new RawCall(channel, { metadata, path: '/long' });
    void new RawCall(channel);
    await eventually(() => peers[0]?.requests).toEqual([1]);

    peers[0]!.write(greeting());

    await eventually(() => peers[0]!.requests).toEqual([1, 3]);
  });

  it('no more than 100 calls leave', async () => {
    const { channel, peers } = await silentPort(site);
    startCalls(channel, 120);
    await eventually(() => peers[0]?.requests.length).toBe(100);

    peers[0]!.write(greeting());

    await eventually(() => peers[0]!.requests.length).toBe(120);
  });

  it('another call leaves in place of one that is cancelled', async () => {
    const { channel, peers } = await silentPort(site);
    const calls = startCalls(channel, 101);
    await eventually(() => peers[0]?.requests.length).toBe(100);

    calls[7]!.call.cancelWithStatus(status.CANCELLED, 'not needed');

    await eventually(() => peers[0]!.requests.length).toBe(101);
    expect(peers[0]!.resets).toEqual([15]);
  });

  it('no more metadata leaves than a listening side keeps', async () => {
    const { channel, peers } = await silentPort(site);
    const metadata = new Metadata();
    metadata.set('authorization', 'x'.repeat(2 * KiB));

    startCalls(channel, 100, { metadata, messages: [] });

    await eventually(() => peers[0]?.requests.length).toBeGreaterThan(10);
    expect(peers[0]!.socket.bytesRead).toBeLessThan(32 * KiB);
    peers[0]!.write(greeting());
    await eventually(() => peers[0]!.requests.length).toBe(100);
  });

  it.each([
    ['large', 1, 100 * KiB],
    ['tiny', 20_000, 1],
  ])('16 KiB of messages leave that are %s', async (_what, count, size) => {
    const { channel, peers } = await silentPort(site);

    startCalls(channel, 1, { messages: Array<Buffer>(count).fill(Buffer.alloc(size)) });

    await eventually(() => peers[0]?.dataBytes).toBe(16 * KiB);
    expect(peers[0]!.socket.bytesRead).toBeLessThan(60 * KiB);
    peers[0]!.write(greeting(), windowUpdate(0, 2 ** 24), windowUpdate(1, 2 ** 24));
    await eventually(() => peers[0]!.dataBytes).toBe(count * (size + 5));
  });

  it('a call that reaches its deadline says that it waited for a connection', async () => {
    const { channel, peers } = await silentPort(site);
    const call = new RawCall(channel, { deadline: Date.now() + 50 });

    expect(await call.ended).toBe(status.DEADLINE_EXCEEDED);

    expect(call.details).toMatch(/Waiting for a connection$/);
    await eventually(() => peers[0]!.resets).toEqual([1]);
  });

  it('a call ends with the channel, as if it had not left', async () => {
    const { channel, peers } = await silentPort(site);
    const call = new RawCall(channel);
    await eventually(() => peers[0]?.requests).toEqual([1]);

    channel.close();

    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toBe('Channel closed before call started');
    await eventually(() => peers[0]!.socket.closed).toBe(true);
  });
});

describe('a peer that goes away with its SETTINGS', () => {
  it('finishes the calls that it took, and the others begin on the next connection', async () => {
    const { channel, peers } = await silentPort(site);
    const calls = startCalls(channel, 3);
    await eventually(() => peers[0]?.requests).toEqual([1, 3, 5]);

    peers[0]!.write(greeting(), goAway(1, ErrorCode.NoError));

    await eventually(() => peers[1]?.requests).toEqual([1, 3]);
    expect(peers[1]!.dataBytes).toBe(2 * ('a message'.length + 5));
    peers[0]!.write(okResponse(1));
    peers[1]!.write(greeting(), okResponse(1), okResponse(3));
    expect(await codesOf(calls)).toEqual([0, 0, 0]);
  });

  it('and takes no call twice is not asked a third time', async () => {
    const { channel, peers } = await silentPort(site, (socket) => {
      socket.once('data', () =>
        socket.write(Buffer.concat([greeting(), goAway(0, ErrorCode.NoError)])),
      );
    });

    const call = new RawCall(channel);

    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toBe('Stream refused by server');
    expect(peers).toHaveLength(2);
  });
});
