import { once } from 'node:events';
import { connectivityState, status, type sendUnaryData } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { stateIs } from '../../../fixtures/grpc/states.js';
import type { Handlers } from '../../../fixtures/grpc/service.js';
import { RawClient, FLAG, TYPE } from '../../../fixtures/http2/raw-client.js';
import { eventually } from '../../../fixtures/nest/eventually.js';
import { watchHandles } from '../../../fixtures/nest/handles.js';

let site: Site;
/** Of the calls that run. */
let callbacks: sendUnaryData<Buffer>[];

const waiting: Partial<Handlers> = { unary: (_call, callback) => void callbacks.push(callback) };
const echo: Partial<Handlers> = { unary: ({ request }, callback) => callback(null, request) };

beforeEach(() => {
  site = new Site();
  callbacks = [];
});

afterEach(() => site.close());

function portOf(address: string): number {
  return Number(address.split(':')[1]);
}

describe('a connection that is old', () => {
  it('takes no more calls, but those that run may finish', async () => {
    const { address, sockets } = await site.serve(waiting, { 'grpc.max_connection_age_ms': 200 });
    const channel = site.channel(address);
    const call = new RawCall(channel);
    await stateIs(channel, connectivityState.READY);
    await stateIs(channel, connectivityState.IDLE);
    expect(sockets[0]!.closed).toBe(false);
    callbacks[0]!(null, Buffer.from('done'));
    expect(await call.ended).toBe(status.OK);
    await eventually(() => sockets[0]!.closed).toBe(true);
  });

  it('ends the calls that do not finish in time', async () => {
    const { address } = await site.serve(waiting, {
      'grpc.max_connection_age_ms': 100,
      'grpc.max_connection_age_grace_ms': 100,
    });
    expect(await new RawCall(site.channel(address)).ended).toBe(status.UNAVAILABLE);
  });

  it('leaves no timer behind', async () => {
    const timers = timeouts();
    const { address, sockets } = await site.serve(echo, {
      'grpc.max_connection_age_ms': 100_000,
      'grpc.max_connection_idle_ms': 100_000,
      'grpc.keepalive_time_ms': 100_000,
    });
    const channel = site.channel(address);
    await new RawCall(channel).ended;
    channel.close();
    await eventually(() => sockets[0]!.closed).toBe(true);
    expect(timeouts()).toBeLessThanOrEqual(timers);
  });
});

describe('a connection without calls', () => {
  it('is closed after a while', async () => {
    const { address, sockets } = await site.serve(echo, { 'grpc.max_connection_idle_ms': 200 });
    const channel = site.channel(address);
    channel.getConnectivityState(true);
    await stateIs(channel, connectivityState.READY);
    const readyAt = performance.now();
    await stateIs(channel, connectivityState.IDLE);
    expect(performance.now() - readyAt).toBeGreaterThan(150);
    await eventually(() => sockets[0]!.closed).toBe(true);
  });

  // Was a bug: the while was counted from the beginning of the last call.
  it('is closed a while after the end of the last one', async () => {
    const IDLE_MS = 400;
    const { address } = await site.serve(waiting, { 'grpc.max_connection_idle_ms': IDLE_MS });
    const channel = site.channel(address);
    const call = new RawCall(channel);
    await eventually(() => callbacks.length).toBe(1);
    // It ends shortly before the timer of the connection comes round again.
    setTimeout(() => callbacks[0]!(null, Buffer.alloc(0)), 1.8 * IDLE_MS);
    await call.ended;
    const endedAt = performance.now();
    await stateIs(channel, connectivityState.IDLE);
    expect(performance.now() - endedAt).toBeGreaterThan(0.9 * IDLE_MS);
  });
});

describe('keepalive of a server', () => {
  const OPTIONS = { 'grpc.keepalive_time_ms': 50, 'grpc.keepalive_timeout_ms': 100 };

  it('closes a connection whose other end does not answer', async () => {
    const { address } = await site.serve(echo, OPTIONS);
    const client = await new RawClient(portOf(address)).greet();
    await client.until(({ type, flags }) => type === TYPE.ping && flags !== FLAG.ack);
    await client.closed;
  });

  it('asks again after an answer', async () => {
    const { address, sockets } = await site.serve(echo, OPTIONS);
    const channel = site.channel(address);
    channel.getConnectivityState(true);
    await stateIs(channel, connectivityState.READY);
    const heard: number[] = [];
    const read = once(sockets[0]!, 'data');
    await read;
    sockets[0]!.on('data', (chunk: Buffer) => heard.push(chunk[3]!));
    await eventually(() => heard.filter((type) => type === TYPE.ping).length).toBeGreaterThan(2);
    expect(channel.getConnectivityState(false)).toBe(connectivityState.READY);
  });
});

describe('tryShutdown', () => {
  it('waits for the calls that run, and takes no others', async () => {
    const { address, grpc, sockets } = await site.serve(waiting);
    const channel = site.channel(address);
    const call = new RawCall(channel);
    await eventually(() => callbacks.length).toBe(1);
    let isDown = false;
    const down = new Promise<void>((resolve) =>
      grpc.tryShutdown((error) => {
        expect(error).toBeUndefined();
        isDown = true;
        resolve();
      }),
    );
    await stateIs(channel, connectivityState.IDLE);
    expect(await new RawCall(channel).ended).toBe(status.UNAVAILABLE);
    expect(isDown).toBe(false);
    callbacks[0]!(null, Buffer.alloc(0));
    await down;
    expect(await call.ended).toBe(status.OK);
    await eventually(() => sockets.every(({ closed }) => closed)).toBe(true);
  });

  it('is done at once where there is no connection, for each that asks', async () => {
    const { grpc } = await site.serve(echo);
    const shutdown = (): Promise<unknown> => new Promise((resolve) => grpc.tryShutdown(resolve));
    expect(await Promise.all([shutdown(), shutdown()])).toEqual([undefined, undefined]);
    expect(await shutdown()).toBeUndefined();
  });

  it('is done when the calls are ended the hard way meanwhile', async () => {
    const { address, grpc } = await site.serve(waiting);
    const call = new RawCall(site.channel(address));
    await eventually(() => callbacks.length).toBe(1);
    const down = new Promise((resolve) => grpc.tryShutdown(resolve));
    grpc.forceShutdown();
    await down;
    expect(await call.ended).toBe(status.UNAVAILABLE);
  });
});

describe('forceShutdown', () => {
  it('ends the calls that run, and tells their handlers', async () => {
    let cancelled = 0;
    const { address, grpc } = await site.serve({
      unary: (call, callback) => {
        call.on('cancelled', () => (cancelled += 1));
        callbacks.push(callback);
      },
    });
    const call = new RawCall(site.channel(address));
    await eventually(() => callbacks.length).toBe(1);
    grpc.forceShutdown();
    grpc.forceShutdown();
    expect(await call.ended).toBe(status.UNAVAILABLE);
    await eventually(() => cancelled).toBe(1);
    callbacks[0]!(null, Buffer.alloc(0)); // Too late, and no harm.
  });

  it('is for connections, too, that come later', async () => {
    const { address, grpc, sockets } = await site.serve(echo);
    grpc.forceShutdown();
    const client = new RawClient(portOf(address));
    await client.closed;
    expect(sockets).toHaveLength(1);
    await new Promise((resolve) => grpc.tryShutdown(resolve));
  });
});

describe('drain', () => {
  it('ends one connection, and leaves others alone', async () => {
    const { address, streams } = await site.serve(waiting);
    const [drained, other] = [site.channel(address), site.channel(address)];
    const first = new RawCall(drained);
    await eventually(() => callbacks.length).toBe(1);
    const second = new RawCall(other);
    await eventually(() => callbacks.length).toBe(2);
    streams[0]!.drain(100);
    expect(await first.ended).toBe(status.UNAVAILABLE);
    expect(other.getConnectivityState(false)).toBe(connectivityState.READY);
    callbacks[1]!(null, Buffer.alloc(0));
    expect(await second.ended).toBe(status.OK);
  });

  it('lets calls finish in time', async () => {
    const { address, streams } = await site.serve(waiting);
    const channel = site.channel(address);
    const call = new RawCall(channel);
    await eventually(() => callbacks.length).toBe(1);
    streams[0]!.drain(10_000);
    await stateIs(channel, connectivityState.IDLE);
    callbacks[0]!(null, Buffer.alloc(0));
    expect(await call.ended).toBe(status.OK);
  });

  // Was a bug: the limit stayed for as long as it was.
  it('leaves no timer behind when calls have finished in time', async () => {
    const timers = watchHandles();
    const { address, streams, sockets } = await site.serve(waiting);
    const call = new RawCall(site.channel(address));
    await eventually(() => callbacks.length).toBe(1);
    streams[0]!.drain(10_000);
    callbacks[0]!(null, Buffer.alloc(0));
    await call.ended;
    await eventually(() => sockets[0]!.closed).toBe(true);
    expect(timers().filter((handle) => handle.includes('served-connection'))).toEqual([]);
  });

  it.each([0, 1])('ends at once with %i ms', async (graceMs) => {
    const { address, streams } = await site.serve(waiting);
    const call = new RawCall(site.channel(address));
    await eventually(() => callbacks.length).toBe(1);
    streams[0]!.drain(graceMs);
    expect(await call.ended).toBe(status.UNAVAILABLE);
  });

  it('lets a call finish that takes for ever, without a limit', async () => {
    const { address, streams } = await site.serve(waiting);
    const channel = site.channel(address);
    const call = new RawCall(channel);
    await eventually(() => callbacks.length).toBe(1);
    streams[0]!.drain(Infinity);
    await stateIs(channel, connectivityState.IDLE);
    expect(call.log).toEqual([]);
    callbacks[0]!(null, Buffer.alloc(0));
    expect(await call.ended).toBe(status.OK);
  });
});

function timeouts(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}
