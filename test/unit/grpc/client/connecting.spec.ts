import { connectivityState, credentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { builtInEngine } from '../../../../lib/grpc/index.js';
import { takeAndAnswer } from '../../../fixtures/grpc/answers.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { stateIs } from '../../../fixtures/grpc/states.js';
import { UnansweringPort } from '../../../fixtures/grpc/unanswering-port.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const answering = { onRequest: takeAndAnswer };

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await site.close();
});

describe('a channel', () => {
  it('connects only when it is asked to', async () => {
    const { address, sockets } = await site.http2(() => answering);
    const channel = site.channel(address);
    expect(channel.getConnectivityState(false)).toBe(connectivityState.IDLE);
    await turn();
    expect(sockets).toHaveLength(0);

    await new RawCall(channel).ended;
    expect(sockets).toHaveLength(1);
  });

  it('has one connection for all that ask at once', async () => {
    const { address, sockets } = await site.http2(() => answering);
    const channel = site.channel(address);
    channel.getConnectivityState(true);
    await Promise.all(Array.from({ length: 20 }, () => new RawCall(channel).ended));
    expect(sockets).toHaveLength(1);
  });

  it('does not connect again by itself when the connection is lost, but for the next call', async () => {
    const { address, sockets } = await site.http2(() => answering);
    const channel = site.channel(address);
    await new RawCall(channel).ended;
    sockets[0]!.resetAndDestroy();
    await stateIs(channel, connectivityState.IDLE);
    await turn();
    expect(sockets).toHaveLength(1);

    expect(await new RawCall(channel).ended).toBe(status.OK);
    expect(sockets).toHaveLength(2);
  });

  it('waits longer after each attempt that fails, as far as chance has it', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const attempts: number[] = [];
    const open = (): Promise<never> => {
      attempts.push(performance.now());
      return Promise.reject(new Error('nobody there'));
    };
    const channel = builtInEngine.createStreamChannel(open, {
      'grpc.initial_reconnect_backoff_ms': 100,
    });
    site.after(() => channel.close());
    channel.getConnectivityState(true);
    await eventually(() => attempts.length).toBeGreaterThanOrEqual(4);
    const waits = attempts.slice(1, 4).map((at, i) => at - attempts[i]!);
    expect(waits[0]).toBeGreaterThan(99);
    expect(waits[1]).toBeGreaterThan(159);
    expect(waits[2]).toBeGreaterThan(255);
  });

  it('fails calls at once while there is no connection to be had', async () => {
    const address = await site.closedAddress();
    const channel = site.channel(address);
    const first = new RawCall(channel);
    expect(await first.ended).toBe(status.UNAVAILABLE);
    expect(first.details).toMatch(/^No connection established\. Last error: .*ECONNREFUSED/);
    const second = new RawCall(channel);
    expect(await second.ended).toBe(status.UNAVAILABLE);
    expect(channel.getConnectivityState(false)).toBe(connectivityState.TRANSIENT_FAILURE);
  });

  it('has calls wait that want to, until there is somebody', async () => {
    const address = await site.closedAddress();
    const channel = site.channel(address, { 'grpc.initial_reconnect_backoff_ms': 100 });
    const waiting = new RawCall(channel, { waitForReady: true });
    await stateIs(channel, connectivityState.TRANSIENT_FAILURE);
    expect(waiting.log).toEqual([]);

    await site.serve(
      { unary: ({ request }, callback) => callback(null, request) },
      {},
      Number(address.split(':')[1]),
    );
    expect(await waiting.ended).toBe(status.OK);
  });

  it('says which name it could not find', async () => {
    const call = new RawCall(site.channel('does-not-exist.invalid:50051'));
    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toMatch(
      /^Name resolution failed: getaddrinfo .* does-not-exist\.invalid$/,
    );
  });

  it('tries one address after the other', async () => {
    const nobody = await site.closedAddress();
    const { address } = await site.http2(() => answering);
    const channel = site.channel(`ipv4:${nobody},${address}`);
    expect(await new RawCall(channel).ended).toBe(status.OK);
  });

  it('says why the last of several addresses failed', async () => {
    const addresses = [await site.closedAddress(), await site.closedAddress()];
    const call = new RawCall(site.channel(`ipv4:${addresses.join(',')}`));
    await call.ended;
    expect(call.details).toContain(`ECONNREFUSED ${addresses[1]}`);
  });

  it('says that the other end speaks something else', async () => {
    const { address } = await site.port((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const call = new RawCall(site.channel(address));
    expect(await call.ended).toBe(status.UNAVAILABLE);
  });
});

describe('an attempt to connect that gets nowhere', () => {
  /** Lets time pass, and what comes of it happen. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1000) {
      await vi.advanceTimersByTimeAsync(1000);
      await turn();
    }
  }

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });

  it('ends where the other end accepts and says nothing', async () => {
    const { address, sockets } = await site.port();
    const call = new RawCall(site.channel(address));
    await vi.waitUntil(() => sockets.length > 0);
    const closed = new Promise((resolve) => sockets[0]!.resume().once('close', resolve));
    await pass(21_000);
    expect(await call.ended).toBe(status.UNAVAILABLE);
    await closed;
  });

  it('ends where TLS gets no answer', async () => {
    const { address, sockets } = await site.port();
    const call = new RawCall(site.channel(address, {}, credentials.createSsl()));
    await vi.waitUntil(() => sockets.length > 0);
    const closed = new Promise((resolve) => sockets[0]!.resume().once('close', resolve));
    await pass(21_000);
    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toContain('no connection in time');
    await closed;
  });

  // Was a bug: `once(socket, 'connect')` never settles when the socket is destroyed.
  it(
    'ends where nobody answers the dialing, and is followed by others',
    { timeout: 10_000 },
    async () => {
      const unanswering = await new UnansweringPort().open();
      site.after(() => unanswering.close());
      const channel = site.channel(unanswering.address);
      const call = new RawCall(channel);
      await pass(21_000);
      expect(channel.getConnectivityState(false)).toBe(connectivityState.TRANSIENT_FAILURE);
      expect(call.code).toBe(status.UNAVAILABLE);
      expect(call.details).toContain('no connection in time');
    },
  );

  // Was a bug: the same.
  it('does not hide the next address', { timeout: 10_000 }, async () => {
    const unanswering = await new UnansweringPort().open();
    site.after(() => unanswering.close());
    const { address } = await site.http2(() => answering);
    const channel = site.channel(`ipv4:${unanswering.address},${address}`);
    const call = new RawCall(channel, { waitForReady: true });
    await pass(60_000);
    expect(call.code).toBe(status.OK);
  });

  // Was a bug: nothing ended the attempt but `open` itself.
  it('ends where nobody opens the stream that was asked for', async () => {
    const channel = builtInEngine.createStreamChannel(() => new Promise(() => {}));
    site.after(() => channel.close());
    const call = new RawCall(channel);
    await pass(21_000);
    expect(call.code).toBe(status.UNAVAILABLE);
    expect(channel.getConnectivityState(false)).toBe(connectivityState.TRANSIENT_FAILURE);
  });

  it('is followed by a whole wait, however long it took', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const attempts: number[] = [];
    let now = 0;
    const open = async (): Promise<never> => {
      attempts.push(now);
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      throw new Error('nobody there');
    };
    const channel = builtInEngine.createStreamChannel(open);
    site.after(() => channel.close());
    channel.getConnectivityState(true);
    while (attempts.length < 3) {
      now += 100;
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(attempts[1]! - attempts[0]!).toBeGreaterThanOrEqual(11_000);
    expect(attempts[2]! - attempts[1]!).toBeGreaterThanOrEqual(11_600);
  });

  it('closes a stream that is opened too late', async () => {
    const { Duplex } = await import('node:stream');
    const late = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    // Others are asked for in later attempts.
    const gives: (() => void)[] = [];
    const channel = builtInEngine.createStreamChannel(
      () => new Promise((resolve) => gives.push(() => resolve(late))),
    );
    site.after(() => channel.close());
    void new RawCall(channel);
    await pass(21_000);
    gives[0]!();
    await turn();
    expect(late.destroyed).toBe(true);
  });
});
