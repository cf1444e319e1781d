import { connectivityState, credentials, Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  BorrowedChannel,
  createRoutedChannel,
  grpcJsEngine,
  routerOf,
  type CallRouter,
  type CallTransport,
  type ChannelRouter,
  type WaitingCall,
} from '../../../../lib/grpc/index.js';
import { ErrorCode } from '../../../../lib/http2/index.js';
import { answer, take, takeAndAnswer } from '../../../fixtures/grpc/answers.js';
import { RawCall } from '../../../fixtures/grpc/raw-call.js';
import { Site, type Channel } from '../../../fixtures/grpc/site.js';
import { statesOf } from '../../../fixtures/grpc/states.js';
import { eventually } from '../../../fixtures/nest/eventually.js';

/** Passes each call on to the router that `choose` gives, and writes down what it is told. */
class Chooser implements ChannelRouter {
  readonly log: string[] = [];
  readonly #choose: () => CallRouter;
  #last: CallRouter | undefined;

  constructor(choose: () => CallRouter) {
    this.#choose = choose;
  }

  pick(call: WaitingCall): void {
    this.log.push('pick');
    this.#last = this.#choose();
    this.#last.pick(call);
  }

  forget(call: WaitingCall): void {
    this.log.push('forget');
    this.#last!.forget(call);
  }

  isCurrent(transport: CallTransport): boolean {
    return this.#last!.isCurrent(transport);
  }

  callStarted(): void {
    this.log.push('started');
  }

  callEnded(): void {
    this.log.push('ended');
  }

  close(): void {
    this.log.push('close');
  }
}

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

/** The router of a channel to a port that answers every call, and the headers of these calls. */
async function answering(reset?: ErrorCode) {
  const requests: (readonly string[])[] = [];
  const { address } = await site.http2(() => ({
    onRequest(stream, headers) {
      requests.push(headers);
      if (reset === undefined) return takeAndAnswer(stream);
      take(stream);
      stream.reset(reset);
    },
  }));
  return { requests, router: routerOf(site.channel(address))! };
}

function routed(router: ChannelRouter): Channel {
  const channel = createRoutedChannel(router);
  site.after(() => channel.close());
  return channel;
}

describe('a channel over a router', () => {
  it('begins each call on a connection that the router picks', async () => {
    const ports = [await answering(), await answering()];
    let next = 0;
    const channel = routed(new Chooser(() => ports[next++ % 2]!.router));

    for (let i = 0; i < 4; i += 1) expect(await new RawCall(channel).ended).toBe(status.OK);

    expect(ports.map(({ requests }) => requests.length)).toEqual([2, 2]);
  });

  it('asks the router again for a call that the peer has refused, which may pick another one', async () => {
    const refusing = await answering(ErrorCode.RefusedStream);
    const other = await answering();
    const routers = [refusing.router, other.router];
    const chooser = new Chooser(() => routers.shift()!);

    expect(await new RawCall(routed(chooser)).ended).toBe(status.OK);

    expect(chooser.log).toEqual(['started', 'pick', 'pick', 'ended']);
    expect([refusing, other].map(({ requests }) => requests.length)).toEqual([1, 1]);
  });

  it('takes any transport, such as one that adds a header to each call', async () => {
    const { requests, router } = await answering();
    const named = (inner: CallTransport): CallTransport => ({
      info: inner.info,
      scheme: inner.scheme,
      memory: inner.memory,
      hasRoom: inner.hasRoom,
      maxHeaderListSize: inner.maxHeaderListSize,
      open: (headers, listener) => inner.open([...headers, 'peer', 'agent'], listener),
    });
    const naming: CallRouter = {
      pick: (call) =>
        router.pick({
          waitsForReady: call.waitsForReady,
          begin: (transport) => call.begin(named(transport)),
          fail: (why) => call.fail(why),
        }),
      forget: () => {},
      isCurrent: () => true,
      callStarted: () => {},
      callEnded: () => {},
    };

    expect(await new RawCall(routed(new Chooser(() => naming))).ended).toBe(status.OK);

    expect(requests[0]!.slice(-2)).toEqual(['peer', 'agent']);
  });

  it('tells the router of a call that ends while it waits', async () => {
    const { address } = await site.port();
    const chooser = new Chooser(() => routerOf(site.channel(address))!);
    const call = new RawCall(routed(chooser), { metadata: new Metadata({ waitForReady: true }) });

    call.call.cancelWithStatus(status.CANCELLED, 'not needed');

    expect(await call.ended).toBe(status.CANCELLED);
    expect(chooser.log).toEqual(['started', 'pick', 'forget', 'ended']);
  });

  it('is READY until it is closed, and closes the router', async () => {
    const { router } = await answering();
    const chooser = new Chooser(() => router);
    const channel = routed(chooser);
    const states = statesOf(channel);
    expect(channel.getConnectivityState(true)).toBe(connectivityState.READY);

    channel.close();

    await eventually(() => states).toEqual(['READY', 'SHUTDOWN']);
    expect(chooser.log).toEqual(['close']);
    expect(() => new RawCall(channel)).toThrow('Channel has been shut down');
  });

  it('lets begun calls finish when it is closed', async () => {
    const streams: Parameters<typeof answer>[0][] = [];
    const { address } = await site.http2(() => ({
      onRequest: (stream) => take(stream, { onEnd: () => streams.push(stream) }),
    }));
    const channel = routed(new Chooser(() => routerOf(site.channel(address))!));
    const call = new RawCall(channel);
    await eventually(() => streams.length).toBe(1);

    channel.close();
    answer(streams[0]!);

    expect(await call.ended).toBe(status.OK);
  });
});

describe('the router of a channel', () => {
  it('is that of the channel below borrowed ones', async () => {
    const channel = site.channel(await site.closedAddress());

    expect(routerOf(channel)).toBeDefined();
    expect(routerOf(new BorrowedChannel(new BorrowedChannel(channel)))).toBe(routerOf(channel));
  });

  it('does not exist for channels of grpc-js', () => {
    const plain = credentials.createInsecure();
    const channel = grpcJsEngine.createDialChannel('127.0.0.1:1', plain, async (socket) => socket);
    site.after(() => channel.close());

    expect(routerOf(channel)).toBeUndefined();
  });
});
