import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  ErrorCode,
  Http2Connection,
  PeerAccounts,
  verifyHttp2Options,
} from '../../../lib/http2/index.js';
import { planWindows } from '../../../lib/http2/inbound/window-plan.js';
import {
  closing,
  creditOf,
  dataFrames,
  greeted,
  KiB,
  openRequest,
  settle,
  type Setup,
} from '../../fixtures/http2/connections.js';
import { FLAG, frame, RawClient, TYPE } from '../../fixtures/http2/raw-client.js';

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

it('a peer with two connections may send no more for nothing than with one', async () => {
  const options = verifyHttp2Options({ maxUselessFrames: 10, uselessFramesPerSecond: 0 });
  const accounts = new PeerAccounts(options);
  const server = createServer(
    (socket) => new Http2Connection(socket, 'server', { onRequest() {} }, options, accounts),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clients = [1, 2].map(() => new RawClient((server.address() as AddressInfo).port));
  onTestFinished(() => {
    for (const { socket } of clients) socket.destroy();
    server.close();
  });
  const [first, second] = clients as [RawClient, RawClient];
  await first.greet();
  await second.greet();

  // Each SETTINGS of the greetings counts, too.
  for (let i = 0; i < 6; i += 1) await first.ping();
  for (let i = 0; i < 6; i += 1) second.write(frame(TYPE.ping, 0, 0, Buffer.alloc(8)));

  expect(await second.goAwayCode()).toBe(ErrorCode.EnhanceYourCalm);
});

describe('a peer with several connections', () => {
  const MiB = 1024 * KiB;
  const DEFAULT_WINDOW = 65_535;

  /** As many connections, whose requests are not read, with one account. */
  async function connections(count: number): Promise<Setup[]> {
    const accounts = new PeerAccounts(verifyHttp2Options(options));
    const made: Setup[] = [];
    while (made.length < count) {
      made.push(await greeted({ consumes: false, options, accounts }));
    }
    return made;
  }

  /**
   * Sends what the window of the connection allows, on streams that are filled one after the other.
   * Returns how much that was.
   */
  async function fill({ peer }: Setup): Promise<number> {
    let sent = 0;
    let open = DEFAULT_WINDOW;
    for (let id = 1; open > 0; id += 2) {
      const bytes = Math.min(open, options.initialWindowSize);
      peer.write(openRequest(id), dataFrames(id, bytes));
      sent += bytes;
      open += creditOf(await settle(peer), 0) - bytes;
    }
    return sent;
  }

  /** Streams begin with small windows when there are many, but a peer need not know that yet. */
  const options = {
    initialWindowSize: 64 * KiB,
    connectionWindowSize: DEFAULT_WINDOW,
    maxUnreadBytes: MiB,
    maxConcurrentStreams: 100,
  };

  it('has no more unread than with one', async () => {
    let unread = 0;
    for (const setup of await connections(4)) unread += await fill(setup);

    // Each connection begins with a window of its own, which nobody can take back.
    expect(unread).toBeGreaterThan(MiB - DEFAULT_WINDOW);
    expect(unread).toBeLessThanOrEqual(MiB + 3 * DEFAULT_WINDOW);
  });

  it('goes on with one of them when what is unread of another is read', async () => {
    const [first, second] = (await connections(2)) as [Setup, Setup];
    await fill(first);
    await fill(second);
    expect(creditOf(await settle(second.peer), 0)).toBe(0);

    for (const { stream, received } of first.recorders) stream!.consume(received);

    expect(creditOf(await settle(second.peer), 0)).toBe(DEFAULT_WINDOW);
  });

  it('goes on with one of them when another one ends', async () => {
    const [first, second] = (await connections(2)) as [Setup, Setup];
    await fill(first);
    await fill(second);
    expect(creditOf(await settle(second.peer), 0)).toBe(0);

    first.connection.destroy();

    expect(creditOf(await settle(second.peer), 0)).toBe(DEFAULT_WINDOW);
  });

  it('begins streams with small windows where there are many on another one', async () => {
    const { fewStreams, small } = planWindows(verifyHttp2Options(options), false);
    const [first, second] = (await connections(2)) as [Setup, Setup];
    for (let i = 0; i < fewStreams; i += 1) first.peer.write(openRequest(2 * i + 1));
    await settle(first.peer);

    second.peer.write(openRequest(1));
    const announced = (await settle(second.peer)).filter(
      ({ type, flags }) => type === TYPE.settings && flags !== FLAG.ack,
    );

    expect(announced.map(({ payload }) => payload.readUInt32BE(2))).toEqual([small]);
  });
});
