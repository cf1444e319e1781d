import { once } from 'node:events';
import { connectivityState, Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtInEngine, keepConnected } from '../../../../lib/grpc/index.js';
import type { Http2Stream } from '../../../../lib/http2/index.js';
import { answer, take, takeAndAnswer } from '../../../fixtures/grpc/answers.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { stubOf } from '../../../fixtures/grpc/service.js';
import { Site } from '../../../fixtures/grpc/site.js';
import { stateIs } from '../../../fixtures/grpc/states.js';
import { Uncaught } from '../../../fixtures/http2/uncaught.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

describe('close', () => {
  it('gives up an attempt to connect, and the calls that wait for it', async () => {
    const { address, sockets } = await site.port();
    const channel = site.channel(address);
    const call = new RawCall(channel);
    await eventually(() => sockets.length).toBe(1);
    const closed = once(sockets[0]!.resume(), 'close');
    channel.close();
    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(call.details).toBe('Channel closed before call started');
    await closed;
  });

  it('gives up waiting for the next attempt', async () => {
    const address = await site.closedAddress();
    const channel = site.channel(address, { 'grpc.initial_reconnect_backoff_ms': 100 });
    const call = new RawCall(channel, { waitForReady: true });
    await stateIs(channel, connectivityState.TRANSIENT_FAILURE);
    channel.close();
    expect(await call.ended).toBe(status.UNAVAILABLE);
    expect(channel.getConnectivityState(true)).toBe(connectivityState.SHUTDOWN);
  });

  it('lets calls finish that run, then closes their connection', async () => {
    const streams: Http2Stream[] = [];
    const { address, sockets } = await site.http2(() => ({
      onRequest: (stream) => take(stream, { onEnd: () => streams.push(stream) }),
    }));
    const channel = site.channel(address);
    const call = new RawCall(channel);
    await eventually(() => streams.length).toBe(1);
    channel.close();
    expect(() => new RawCall(channel)).toThrow('Channel has been shut down');
    await turn();
    expect(call.log).toEqual([]);
    answer(streams[0]!);
    expect(await call.ended).toBe(status.OK);
    await eventually(() => sockets[0]!.closed).toBe(true);
  });

  it('closes a connection at once that has no calls', async () => {
    const { address, sockets } = await site.http2(() => ({ onRequest: takeAndAnswer }));
    const channel = site.channel(address);
    await new RawCall(channel).ended;
    channel.close();
    channel.close();
    await eventually(() => sockets[0]!.closed).toBe(true);
  });

  it.each(['opens', 'fails to open'])(
    'leaves nothing behind when a stream %s later',
    async (how) => {
      const { Duplex } = await import('node:stream');
      const late = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      let settle: () => void = () => {};
      const channel = builtInEngine.createStreamChannel(
        () =>
          new Promise((resolve, reject) => {
            settle = () => (how === 'opens' ? resolve(late) : reject(new Error('too late')));
          }),
      );
      const call = new RawCall(channel);
      channel.close();
      await call.ended;
      settle();
      await turn();
      expect(late.destroyed).toBe(how === 'opens');
      expect(channel.getConnectivityState(false)).toBe(connectivityState.SHUTDOWN);
    },
  );

  // Was a bug: the watcher was told before there was nothing to connect any more.
  it('is final, also for a watcher that connects again', async () => {
    const { address, sockets } = await site.http2(() => ({ onRequest: takeAndAnswer }));
    const channel = site.channel(address);
    channel.watchConnectivityState(connectivityState.IDLE, Infinity, () => {
      channel.getConnectivityState(true);
    });
    channel.close();
    expect(channel.getConnectivityState(false)).toBe(connectivityState.SHUTDOWN);
    expect(() => new RawCall(channel)).toThrow('Channel has been shut down');
    await turn();
    expect(sockets).toHaveLength(0);
  });

  // Was a bug: who called a peer that had just gone got an error without a gRPC status.
  it('has later calls fail with a status', () => {
    const channel = site.channel('127.0.0.1:1');
    channel.close();

    expect(() => new RawCall(channel)).toThrow(
      expect.objectContaining({ code: status.UNAVAILABLE, details: 'Channel has been shut down' }),
    );
  });

  it('ends what kept the channel connected', async () => {
    const { address, sockets } = await site.http2(() => ({ onRequest: takeAndAnswer }));
    const channel = site.channel(address);
    keepConnected(channel);
    await stateIs(channel, connectivityState.READY);
    channel.close();
    await eventually(() => sockets[0]!.closed).toBe(true);
    expect(channel.getConnectivityState(false)).toBe(connectivityState.SHUTDOWN);
    expect(sockets).toHaveLength(1);
  });
});

describe('a call that is cancelled before it is started', () => {
  // Was a bug: its status was told to nobody, which ended the process.
  it('tells its status once it is started, and is never made', async () => {
    const uncaught = new Uncaught();
    site.after(() => uncaught.release());
    let requests = 0;
    const { address } = await site.http2(() => ({
      onRequest(stream) {
        requests += 1;
        takeAndAnswer(stream);
      },
    }));
    const channel = site.channel(address);
    const call = channel.createCall('/unit.Test/unary', Infinity, null, null, null);
    call.cancelWithStatus(status.CANCELLED, 'no need');
    await turn();
    expect(uncaught.errors).toEqual([]);

    let told: status | undefined;
    call.start(new Metadata(), {
      onReceiveMetadata() {},
      onReceiveMessage() {},
      onReceiveStatus: ({ code }) => (told = code),
    });
    call.startRead();
    call.halfClose();
    await new RawCall(channel).ended;
    expect(told).toBe(status.CANCELLED);
    expect(requests).toBe(1);
  });

  // Was a bug: the same, as users meet it.
  it('ends no process where an interceptor takes its time', async () => {
    const uncaught = new Uncaught();
    site.after(() => uncaught.release());
    const { InterceptingCall } = await import('@grpc/grpc-js');
    const { address } = await site.http2(() => ({ onRequest: takeAndAnswer }));
    let go: () => void = () => {};
    const stub = stubOf(site.channel(address), {
      interceptors: [
        (options, nextCall) =>
          new InterceptingCall(nextCall(options), {
            start: (metadata, listener, next) => {
              go = () => next(metadata, listener);
            },
          }),
      ],
    });
    const ended = new Promise((resolve) => {
      const call = stub.unary(Buffer.alloc(1), (error) => resolve(error?.code));
      call.cancel();
    });
    await turn();
    go();
    await Promise.race([ended, turn().then(turn)]);
    expect(uncaught.errors).toEqual([]);
  });
});
