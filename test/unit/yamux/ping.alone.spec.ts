import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { YamuxSession } from '../../../lib/yamux/index.js';
import { ACK, D, FIN, P, RST, SYN, W } from '../../fixtures/raw-peer.js';
import { HeldSocket } from '../../fixtures/yamux-held-socket.js';
import {
  acceptStream,
  openStream,
  stopTheClock,
  useYamux,
  type RawLink,
} from '../../fixtures/yamux-link.js';
import { closeOf, eventsOf, expectSameBytes } from '../../fixtures/yamux-streams.js';

const HOUR = 3_600_000;
const MiB = 1024 * 1024;

describe('yamux pings', () => {
  const yamux = useYamux();

  it('PK-01 answers a ping with its value', async () => {
    const { peer } = await yamux.server();

    peer.write('000200010000000012345678');

    await peer.expectFrames('000200020000000012345678');
  });

  it('PK-02 answers on stream 0 a ping that names another', async () => {
    const { peer } = await yamux.server();

    peer.write('000200010000000500000009');

    await peer.expectFrames('000200020000000000000009');
  });

  it.each([SYN | ACK, SYN | RST | FIN])('PK-03 answers a ping with the flags %i', async (flags) => {
    const { peer } = await yamux.server();

    peer.write(P(flags, 0, 1));

    await peer.expectFrames('000200020000000000000001');
  });

  it('PK-04 takes anything without SYN for an answer', async () => {
    const { peer, session } = await yamux.client();

    const ping = session.ping();
    const { hex, length } = await peer.nextFrame();
    peer.write(P(0, 0, length));

    expect(hex).toMatch(/^0002000100000000/);
    const roundTripMs = await ping;
    expect(roundTripMs).toBeGreaterThanOrEqual(0);
    expect(roundTripMs).toBeLessThan(1_000);
  });

  it('PK-04 tells apart the answers to several pings', async () => {
    const { peer, session } = await yamux.client();
    const settled: string[] = [];
    const pings = ['first', 'second'].map((name) => session.ping().then(() => settled.push(name)));
    const [first, second] = [await peer.nextFrame(), await peer.nextFrame()];

    peer.write(P(ACK, 0, second.length), P(ACK, 0, first.length));
    await Promise.all(pings);

    expect(settled).toEqual(['second', 'first']);
  });

  it('PK-05 ignores answers that nobody asked for, or a second time', async () => {
    const { peer, session } = await yamux.client();
    const ping = session.ping();
    const { length } = await peer.nextFrame();

    peer.write(P(ACK, 0, 0xdead), P(ACK, 0, length), P(ACK, 0, length), P(ACK, 3, 1));

    await ping;
    await peer.expectAlive();
  });

  it('PK-05 ignores an answer that comes too late', async () => {
    const { peer, session } = await yamux.client({ connectionWriteTimeoutMs: 50 });
    const ping = session.ping();
    const { length } = await peer.nextFrame();

    await expect(ping).rejects.toMatchObject({ name: 'YamuxError' });
    peer.write(P(ACK, 0, length));

    await peer.expectAlive();
  });

  it('PK-06 answers a ping ahead of 16 MiB that wait to be sent', async () => {
    const socket = new HeldSocket();
    const session = new YamuxSession(socket, 'server');
    socket.push(W(SYN, 1, 15.75 * MiB));
    const stream = await session.accept();
    stream.write(Buffer.alloc(16 * MiB));
    await nextTurn();

    socket.push(P(SYN, 0, 7));
    const taken = await takeUntil(socket, P(ACK, 0, 7));

    expect(taken).toBeGreaterThan(64 * 1024);
    expect(taken).toBeLessThan(512 * 1024);
    session.destroy();
  });

  it('PK-07 bounds what it owes to a peer that pings without reading', async () => {
    const { peer, socket } = await yamux.server({
      connectionWriteTimeoutMs: 0,
      maxUselessFrames: 200_000,
    });
    peer.pause();

    peer.write(...Array.from({ length: 100_000 }, (_, value) => P(SYN, 0, value)));
    await peer.delivered();

    expect(socket.writableLength).toBeLessThan(1024 * 1024);
    peer.resume();
    await peer.framesUntil((frame) => frame.hex === P(ACK, 0, 99_999).toString('hex'));
    await peer.expectAlive();
  });

  it('PK-07 stops reading from a peer that pings without reading, until it reads', async () => {
    const socket = new HeldSocket();
    const session = new YamuxSession(socket, 'server', {
      connectionWriteTimeoutMs: 0,
      maxUselessFrames: 200_000,
    });
    const values = Array.from({ length: 200_000 }, (_, value) => value);
    const pings = Buffer.concat(values.map((value) => P(SYN, 0, value)));

    for (let start = 0; start < pings.length; start += 65_536) {
      socket.push(pings.subarray(start, start + 65_536));
      await nextTurn();
    }

    expect(socket.readableLength).toBeGreaterThan(pings.length / 2);
    for (let taken = 0; taken < pings.length;) {
      if (socket.takeWrite()) taken += socket.taken.at(-1)!.length;
      else await nextTurn();
    }
    const pongs = Buffer.concat(values.map((value) => P(ACK, 0, value)));
    expectSameBytes(Buffer.concat(socket.taken), pongs);
    session.destroy();
  });

  it('PK-08 sends no ping by itself unless told so', async () => {
    stopTheClock();
    const link = await yamux.client();
    await openStream(link);
    link.peer.write(W(ACK, 1, 0));
    await link.peer.expectNothing();

    vi.advanceTimersByTime(HOUR);

    await link.peer.expectNothing();
  });

  it('PK-09 ends the session when a keepalive ping is not answered', async () => {
    const link = await yamux.server({
      keepAlive: true,
      keepAliveIntervalMs: 20,
      connectionWriteTimeoutMs: 1000,
    });
    const stream = await acceptStream(link);
    for (let answered = 0; answered < 3; answered++) {
      const ping = await link.peer.nextFrame();
      expect(ping.hex).toMatch(/^0002000100000000/);
      link.peer.write(P(ACK, 0, ping.length));
    }

    const error = await link.session.closed;

    expect(error).toMatchObject({ name: 'YamuxError', code: 'ERR_YAMUX_KEEPALIVE_TIMEOUT' });
    await link.peer.waitClosed();
    await closeOf(stream);
    expect(eventsOf(stream)).toEqual(['error ERR_YAMUX_KEEPALIVE_TIMEOUT', 'close']);
    expect(link.closes).toEqual([error]);
  });

  it('PK-11 pings nobody from whom something comes', async () => {
    stopTheClock();
    const link = await yamux.server({ keepAlive: true });
    await acceptStream(link);

    for (let minute = 0; minute < 60; minute++) {
      for (const half of ['first', 'second']) {
        await link.peer.deliver(D(0, 1, half));
        vi.advanceTimersByTime(30_000);
      }
    }

    await link.peer.expectNothing();
  });

  it('PK-11 bears with an answer that is late behind other data', async () => {
    stopTheClock();
    const link = await yamux.server({ keepAlive: true });
    const stream = await acceptStream(link);
    stream.resume();
    await link.peer.delivered();
    vi.advanceTimersByTime(60_000);
    expect((await link.peer.nextFrame()).hex).toMatch(/^0002000100000000/);

    for (let second = 0; second < 25; second++) {
      await link.peer.deliver(D(0, 1, 'bulk'));
      vi.advanceTimersByTime(1_000);
      await nextTurn();
    }

    await link.peer.expectAlive();
  });

  it.each<[string, (link: RawLink) => void]>([
    ['close()', ({ session }) => void session.close()],
    ['destroy()', ({ session }) => session.destroy()],
    ['the end of the connection', ({ peer }) => peer.end()],
    ['a connection reset', ({ peer }) => peer.reset()],
    ['a violation of the protocol', ({ peer }) => peer.write('010000000000000000000000')],
    ['a GoAway with an error', ({ peer }) => peer.write('000300000000000000000002')],
  ])('PK-10 leaves no timer behind after %s', async (_, end) => {
    stopTheClock();
    const link = await yamux.client({ keepAlive: true });
    const [unacknowledged, halfClosed] = [await openStream(link), await openStream(link)];
    unacknowledged.write('x');
    halfClosed.end();
    const ping = link.session.ping();
    await link.peer.framesUntil((frame) => frame.type === 2);
    expect(vi.getTimerCount()).toBeGreaterThanOrEqual(4);

    end(link);
    await expect(ping).rejects.toBeInstanceOf(Error);
    await link.peer.waitClosed();

    expect(vi.getTimerCount()).toBe(0);
  });

  it('PK-10 keeps no process alive by its timers', async () => {
    const timeouts = vi.spyOn(globalThis, 'setTimeout');
    const intervals = vi.spyOn(globalThis, 'setInterval');
    const link = await yamux.client({ keepAlive: true });
    const [unacknowledged, halfClosed] = [await openStream(link), await openStream(link)];
    unacknowledged.write('x');
    halfClosed.end();
    const ping = link.session.ping();
    const frames = await link.peer.framesUntil((frame) => frame.type === 2);
    link.peer.write(P(ACK, 0, frames.at(-1)!.length));
    await ping;

    const timers = [...timeouts.mock.results, ...intervals.mock.results];
    expect(timers.length).toBeGreaterThanOrEqual(4);
    for (const { value } of timers) expect((value as NodeJS.Timeout).hasRef()).toBe(false);
    vi.restoreAllMocks();
  });
});

/** Takes what the session writes until `frame` comes. Returns how many bytes came before it. */
async function takeUntil(socket: HeldSocket, frame: Buffer): Promise<number> {
  for (;;) {
    while (!socket.takeWrite()) await nextTurn();
    const bytes = Buffer.concat(socket.taken);
    const at = bytes.indexOf(frame);
    if (at >= 0) return at;
  }
}
