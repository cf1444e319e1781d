import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { YamuxConfig, YamuxStream } from '../../../lib/yamux/index.js';
import { ACK, D, FIN, G, P, RST, SYN, W, type Frame } from '../../fixtures/raw-peer.js';
import {
  acceptStream,
  expectFatal,
  openStream,
  stopTheClock,
  useYamux,
  type RawLink,
} from '../../fixtures/yamux-link.js';
import { closeOf, eventsOf, pattern } from '../../fixtures/yamux-streams.js';

const WINDOW = 256 * 1024;
const HALF = WINDOW / 2;
const MiB = 1024 * 1024;
const ROUND_TRIP_MS = 60;
const HOUR = 3_600_000;

/** The budget of which windows may grow by so much: an eighth is left to new streams. */
function budgetOf(bytes: number): number {
  return Math.ceil((bytes * 8) / 7);
}

/** The ways a stream, accepted from the peer, can go, and what the session sends as it does. */
const DEPARTURES: [how: string, leave: (link: RawLink, stream: YamuxStream) => Promise<void>][] = [
  [
    'was reset by the peer',
    async ({ peer }, stream) => {
      peer.write(W(RST, stream.id, 0));
      await closeOf(stream);
    },
  ],
  [
    'was destroyed here',
    async ({ peer }, stream) => {
      stream.destroy();
      await peer.expectFrames(W(RST, stream.id, 0));
    },
  ],
  [
    'ended here, then there',
    async ({ peer }, stream) => {
      stream.end();
      await peer.expectFrames(W(FIN, stream.id, 0));
      await peer.deliver(W(FIN, stream.id, 0));
    },
  ],
  [
    'ended there, then here',
    async ({ peer }, stream) => {
      await peer.deliver(W(FIN, stream.id, 0));
      stream.end();
      await peer.expectFrames(W(FIN, stream.id, 0));
    },
  ],
  [
    'ended here and was destroyed, then reset by the peer',
    async ({ peer }, stream) => {
      stream.end();
      await peer.expectFrames(W(FIN, stream.id, 0));
      stream.destroy();
      await closeOf(stream);
      await peer.deliver(W(RST, stream.id, 0));
    },
  ],
];

describe('yamux window growth', () => {
  const yamux = useYamux();
  let nowMs: number;

  beforeEach(() => {
    nowMs = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  function pass(ms: number): void {
    nowMs += ms;
  }

  describe('growing', () => {
    it('FC-25 doubles a window of which half was read in less than two round trips', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 16 * MiB });
      const stream = await acceptStream(link);
      await measure(link, stream);

      pass(2 * ROUND_TRIP_MS - 1);
      await transfer(link, stream, HALF);

      await link.peer.expectFrames(W(0, 1, HALF + WINDOW));
      await link.peer.expectNothing();
    });

    it('FC-25 doubles the window of a stream that was opened here', async () => {
      const link = await yamux.client({ maxStreamWindowSize: 16 * MiB });
      const stream = await openStream(link);
      link.peer.write(W(ACK, 1, 0));
      await measure(link, stream);

      pass(2 * ROUND_TRIP_MS - 1);
      await transfer(link, stream, HALF);

      await link.peer.expectFrames(W(0, 1, HALF + WINDOW));
    });

    it('FC-25 credits all that was read, and the growth, in one update', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 16 * MiB });
      const stream = await acceptStream(link);
      await measure(link, stream);

      await link.peer.deliver(D(0, 1, Buffer.alloc(200_000)));
      readOnce(stream, HALF - 1);
      await link.peer.expectNothing();
      readOnce(stream, 8_192);

      await link.peer.expectFrames(W(0, 1, HALF - 1 + 8_192 + WINDOW));
      await link.peer.expectNothing();
    });

    it('FC-25 doubles the window under a reader that listens to data events', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 16 * MiB });
      const stream = await acceptStream(link);
      stream.resume();
      await link.peer.deliver(D(0, 1, Buffer.alloc(HALF)));
      await link.peer.expectFramesInAnyOrder(P(SYN, 0, 0), W(0, 1, HALF));
      pass(ROUND_TRIP_MS);
      await link.peer.deliver(P(ACK, 0, 0));

      await link.peer.deliver(D(0, 1, Buffer.alloc(HALF)));

      await link.peer.expectFrames(W(0, 1, HALF + WINDOW));
    });

    it('FC-25 credits a window that has grown once half of what it is now was read', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 2 * WINDOW });
      const stream = await grownStream(link);

      await link.peer.deliver(D(0, 1, Buffer.alloc(2 * WINDOW)));
      readOnce(stream, WINDOW - 1);
      await link.peer.expectNothing();
      readOnce(stream, 1);

      await link.peer.expectFrames(W(0, 1, WINDOW));
      await link.peer.expectNothing();
    });

    it('FC-25 doubles at most, and grows no further than maxStreamWindowSize', async () => {
      const max = 9 * WINDOW + 5;
      const link = await yamux.server({ maxStreamWindowSize: max });
      const stream = await acceptStream(link);
      await measure(link, stream);

      for (const [size, grown] of [
        [WINDOW, 2 * WINDOW],
        [2 * WINDOW, 4 * WINDOW],
        [4 * WINDOW, 8 * WINDOW],
        [8 * WINDOW, max],
        [max, max],
        [max, max],
      ] as const) {
        const read = Math.ceil(size / 2);
        await transfer(link, stream, read);
        await link.peer.expectFrames(W(0, 1, read + grown - size));
      }
      await link.peer.expectNothing();
    });

    it('FC-25 lets the peer send all that a grown window promises, and not one byte more', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 16 * MiB });
      const stream = await grownStream(link);

      await link.peer.deliver(D(0, 1, pattern(2 * WINDOW)));
      await link.peer.expectAlive();
      expect(stream.readableLength).toBe(2 * WINDOW);
      link.peer.write(D(0, 1, 'x'));

      await expectFatal(link, 'ERR_YAMUX_FLOW_CONTROL', [stream]);
    });

    it('FC-25 grows from the initial window that was announced', async () => {
      const link = await yamux.server({
        initialStreamWindowSize: MiB,
        maxStreamWindowSize: 16 * MiB,
      });
      link.peer.write(W(SYN, 1, 0));
      const stream = await link.accept();
      await link.peer.expectFrames(W(ACK, 1, MiB - WINDOW));
      await measure(link, stream, MiB / 2);

      await transfer(link, stream, MiB / 2);

      await link.peer.expectFrames(W(0, 1, MiB / 2 + MiB));
    });
  });

  describe('not growing', () => {
    it('FC-25 leaves the window to a reader that takes more than two round trips', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 16 * MiB });
      const stream = await acceptStream(link);
      await measure(link, stream);

      for (const ms of [2 * ROUND_TRIP_MS + 1, 1_000, 2 * ROUND_TRIP_MS + 1]) {
        pass(ms);
        await transfer(link, stream, HALF);
        await link.peer.expectFrames(W(0, 1, HALF));
      }

      // The time counts from the credit before, whether or not the window grew then.
      pass(2 * ROUND_TRIP_MS - 1);
      await transfer(link, stream, HALF);
      await link.peer.expectFrames(W(0, 1, HALF + WINDOW));
    });

    it('FC-25 leaves the window to a reader that was away and then takes all at once', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 16 * MiB });
      const stream = await acceptStream(link);
      await measure(link, stream);

      await link.peer.deliver(D(0, 1, Buffer.alloc(HALF)), D(0, 1, Buffer.alloc(HALF)));
      pass(9_000);
      readOnce(stream, HALF);
      readOnce(stream, HALF);

      await link.peer.expectFrames(W(0, 1, HALF), W(0, 1, HALF));
    });

    it('FC-25 counts the time until the application read, not until the data came', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 16 * MiB });
      const stream = await acceptStream(link);
      await measure(link, stream);

      await link.peer.deliver(D(0, 1, Buffer.alloc(WINDOW)));
      pass(2 * ROUND_TRIP_MS + 1);
      readOnce(stream, WINDOW);

      await link.peer.expectFrames(W(0, 1, WINDOW));
    });

    it('FC-25 never grows without a read', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 16 * MiB });
      const stream = await acceptStream(link);
      await measure(link, stream);

      await link.peer.deliver(D(0, 1, Buffer.alloc(HALF)), D(0, 1, Buffer.alloc(HALF)));
      await link.peer.deliver(W(0, 1, 1_000), P(ACK, 0, 0), W(0, 1, 0));
      await link.peer.expectNothing();
      readOnce(stream, HALF - 1);
      await link.peer.expectNothing();

      readOnce(stream, 1);
      await link.peer.expectFrames(W(0, 1, HALF + WINDOW));
    });

    it.each([2 * WINDOW, 16 * MiB])(
      'FC-25 never shrinks what it has promised, with windows up to %i',
      async (maxStreamWindowSize) => {
        const link = await yamux.server({ maxStreamWindowSize });
        const stream = await grownStream(link);

        for (let round = 0; round < 5; round++) {
          pass(HOUR);
          await transfer(link, stream, WINDOW + round);
          const frames = (await said(link)).filter(({ type }) => type === 1);
          expect(frames.map(({ hex }) => hex)).toEqual([W(0, 1, WINDOW + round).toString('hex')]);
        }

        await link.peer.deliver(D(0, 1, Buffer.alloc(2 * WINDOW)));
        await link.peer.expectAlive();
      },
    );

    it('FC-25 does not grow before the first ping was answered', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 16 * MiB });
      const stream = await acceptStream(link);
      await transfer(link, stream, HALF);
      await link.peer.expectFramesInAnyOrder(P(SYN, 0, 0), W(0, 1, HALF));

      for (let round = 0; round < 10; round++) {
        pass(1);
        await transfer(link, stream, HALF);
        await link.peer.expectFrames(W(0, 1, HALF));
      }
      await link.peer.deliver(P(ACK, 0, 0));
      await transfer(link, stream, HALF);

      await link.peer.expectFrames(W(0, 1, HALF + WINDOW));
    });

    it('FC-25 does not grow for a peer that never answers pings, nor takes it amiss', async () => {
      stopTheClock();
      const link = await yamux.server({
        maxStreamWindowSize: 16 * MiB,
        connectionWriteTimeoutMs: 1_000,
      });
      const stream = await acceptStream(link);

      for (const value of [0, 1, 2]) {
        await transfer(link, stream, HALF);
        await link.peer.expectFramesInAnyOrder(P(SYN, 0, value), W(0, 1, HALF));
        await transfer(link, stream, HALF);
        await link.peer.expectFrames(W(0, 1, HALF));
        vi.advanceTimersByTime(10_000);
        pass(10_000);
      }
      await link.peer.deliver(P(ACK, 0, 0), P(ACK, 0, 1), P(ACK, 0, 2));
      await transfer(link, stream, HALF);

      await link.peer.expectFramesInAnyOrder(P(SYN, 0, 3), W(0, 1, HALF));
      expect(link.closes).toEqual([]);
    });

    it('FC-25 goes by the shortest round trip of all', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 16 * MiB });
      const stream = await acceptStream(link);
      await measure(link, stream);
      pass(10_000);
      await transfer(link, stream, HALF);
      await link.peer.expectFramesInAnyOrder(P(SYN, 0, 1), W(0, 1, HALF));
      pass(10);
      await link.peer.deliver(P(ACK, 0, 1));
      pass(11);

      await transfer(link, stream, HALF);
      await link.peer.expectFrames(W(0, 1, HALF));

      pass(10_000);
      await transfer(link, stream, HALF);
      await link.peer.expectFramesInAnyOrder(P(SYN, 0, 2), W(0, 1, HALF));
      pass(21);
      await link.peer.deliver(P(ACK, 0, 2));

      await transfer(link, stream, HALF);
      await link.peer.expectFrames(W(0, 1, HALF));
      pass(19);
      await transfer(link, stream, HALF);
      await link.peer.expectFrames(W(0, 1, HALF + WINDOW));
    });
  });

  describe('pings', () => {
    it.each<[string, Partial<YamuxConfig>, window: number]>([
      ['by default', {}, WINDOW],
      ['from the start', { initialStreamWindowSize: MiB }, MiB],
      ['by decree', { initialStreamWindowSize: MiB, maxStreamWindowSize: MiB }, MiB],
    ])('FC-25 sends none where windows are as large as they get %s', async (_, config, window) => {
      const link = await yamux.server(config);
      link.peer.write(W(SYN, 1, 0));
      const stream = await link.accept();
      await link.peer.expectFrames(W(ACK, 1, window - WINDOW));

      for (let round = 0; round < 4; round++) {
        await transfer(link, stream, window / 2);
        await link.peer.expectFrames(W(0, 1, window / 2));
        pass(10_000);
      }

      await link.peer.expectNothing();
    });

    it('FC-25 sends none before half a window has been read', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 16 * MiB });
      const streams = [await acceptStream(link, 1), await acceptStream(link, 3)];

      for (const stream of streams) {
        await transfer(link, stream, HALF - 2);
        pass(HOUR);
        await transfer(link, stream, 1);
      }
      await link.peer.expectNothing();

      await transfer(link, streams[0]!, 1);
      await link.peer.expectFramesInAnyOrder(P(SYN, 0, 0), W(0, 1, HALF));
    });

    it('FC-25 sends one in 10 seconds, for all streams together', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 16 * MiB });
      link.socket.setNoDelay(true);
      const streams = [await acceptStream(link, 1), await acceptStream(link, 3)];

      const pingTimes: number[] = [];
      for (const start = nowMs; nowMs <= start + 30_000; pass(500)) {
        for (const stream of streams) {
          await transfer(link, stream, HALF);
          for (const { type, length } of await said(link)) {
            if (type !== 2) continue;
            pingTimes.push(nowMs - start);
            await link.peer.deliver(P(ACK, 0, length));
          }
        }
      }

      expect(pingTimes).toEqual([0, 10_000, 20_000, 30_000]);
    });

    it('FC-25 sends none any more when the window has reached its largest', async () => {
      const link = await yamux.server({ maxStreamWindowSize: 2 * WINDOW });
      const stream = await grownStream(link);

      pass(10_000);
      await transfer(link, stream, WINDOW);

      await link.peer.expectFrames(W(0, 1, WINDOW));
      await link.peer.expectNothing();
    });
  });

  describe('all windows of a session', () => {
    it('FC-25 grow together to maxSessionWindowSize at most', async () => {
      const max = 7 * WINDOW + 3;
      const link = await yamux.server({
        maxStreamWindowSize: 16 * MiB,
        maxSessionWindowSize: budgetOf(max),
      });
      link.socket.setNoDelay(true);
      const streams = [await acceptStream(link, 1), await acceptStream(link, 3)];
      const promised = new Map([
        [1, WINDOW],
        [3, WINDOW],
      ]);
      const sum = () => promised.get(1)! + promised.get(3)!;

      for (let round = 0; round < 8; round++) {
        for (const stream of streams) {
          const window = promised.get(stream.id)!;
          await transfer(link, stream, Math.ceil(window / 2));
          promised.set(stream.id, window - Math.ceil(window / 2));
          for (const { hex, type, length } of await said(link)) {
            if (type === 2) {
              pass(ROUND_TRIP_MS);
              await link.peer.deliver(P(ACK, 0, length));
              continue;
            }
            expect(hex).toMatch(`000100000000000${stream.id}`);
            promised.set(stream.id, promised.get(stream.id)! + length);
            expect(sum()).toBeLessThanOrEqual(max);
          }
        }
      }

      expect(sum()).toBe(max);
    });

    it('FC-25 leave room for new streams, however large one of them grows', async () => {
      const link = await yamux.server({
        maxStreamWindowSize: 64 * WINDOW,
        maxSessionWindowSize: 64 * WINDOW,
      });
      const stream = await grownStream(link);
      let credit = 2 * WINDOW;
      while (credit > 0) {
        await transfer(link, stream, credit);
        const [{ length }] = (await said(link)) as [Frame];
        if (length === credit) break;
        credit = length;
      }

      for (let id = 3; id <= 17; id += 2) await acceptStream(link, id);

      expect(link.session.streamCount).toBe(9);
    });

    it.each(DEPARTURES)('FC-25 grow by what was promised to a stream that %s', async (_, leave) => {
      const link = await yamux.server({
        maxStreamWindowSize: 16 * MiB,
        maxSessionWindowSize: budgetOf(3 * WINDOW),
      });
      const first = await grownStream(link);
      const second = await acceptStream(link, 3);
      await transfer(link, second, HALF);
      await link.peer.expectFrames(W(0, 3, HALF));

      await leave(link, first);

      await transfer(link, second, HALF);
      await link.peer.expectFrames(W(0, 3, HALF + WINDOW));
      await transfer(link, second, WINDOW);
      await link.peer.expectFrames(W(0, 3, WINDOW + WINDOW));
      await transfer(link, second, 2 * WINDOW);
      await link.peer.expectFrames(W(0, 3, 2 * WINDOW));
    });

    it('FC-25 keep what was promised to a stream that was destroyed but that the peer may still send on', async () => {
      const link = await yamux.server({
        maxStreamWindowSize: 16 * MiB,
        maxSessionWindowSize: budgetOf(3 * WINDOW),
      });
      const first = await grownStream(link);
      const second = await acceptStream(link, 3);
      first.end();
      await link.peer.expectFrames(W(FIN, 1, 0));
      first.destroy();
      await closeOf(first);

      await transfer(link, second, HALF);

      await link.peer.expectFrames(W(0, 3, HALF));
    });

    it('FC-25 never exceed maxSessionWindowSize, whatever streams do, and are all given back', async () => {
      const [max, streamMax] = [8 * WINDOW, 4 * WINDOW];
      const link = await yamux.server({
        maxStreamWindowSize: streamMax,
        maxSessionWindowSize: max,
      });
      link.socket.setNoDelay(true);
      const streams = new Map<number, YamuxStream>();
      link.session.onStream((stream) => void streams.set(stream.id, yamux.watched(stream)));
      const books = new Books(link);
      const dice = pattern(2_000);
      let [thrown, nextId, largest, refused] = [0, 1, 0, 0];
      const throwDice = (sides: number) => dice.readUInt16BE(2 * thrown++) % sides;

      for (let step = 0; step < 200; step++) {
        const ids = [...books.promised.keys()];
        const id = ids[throwDice(ids.length || 1)] ?? 0;
        const stream = streams.get(id)!;
        const action = ids.length < 2 ? 0 : throwDice(12);
        if (action < 2) {
          await link.peer.deliver(W(SYN, nextId, 0));
          nextId += 2;
        } else if (action < 10) {
          await books.transfer(stream, throwDice(3) === 0, throwDice(2) === 0);
        } else if (throwDice(2) === 0) {
          books.close(id);
          await link.peer.deliver(W(RST, id, 0));
        } else {
          books.close(id);
          stream.destroy();
        }
        pass(throwDice(40));
        refused += await books.readFrames();
        largest = Math.max(largest, ...books.promised.values());
        expect(books.sum).toBeLessThanOrEqual(max);
        expect(largest).toBeLessThanOrEqual(streamMax);
      }
      expect(refused).toBeGreaterThan(0);
      expect(largest).toBeGreaterThan(WINDOW);

      link.peer.write(...[...books.promised.keys()].map((id) => W(RST, id, 0)));
      await Promise.all([...streams.values()].map(closeOf));
      for (let count = 0; count < 9; count++) link.peer.write(W(SYN, nextId + 2 * count, 0));
      const answers = (await said(link)).map(({ flags }) => flags);
      expect(answers).toEqual([...Array<number>(8).fill(ACK), RST]);
    });
  });

  describe('a session without room', () => {
    const CONFIG: Partial<YamuxConfig> = { maxSessionWindowSize: 2 * WINDOW };

    it('RL-09 resets a stream of the peer that there is no room for', async () => {
      const link = await yamux.server(CONFIG);
      const streams = [await acceptStream(link, 1), await acceptStream(link, 3)];

      link.peer.write(W(SYN, 5, 0), D(0, 5, 'lost'), D(SYN, 7, 'lost too'), D(0, 1, 'kept'));

      await link.peer.expectFrames('000100080000000500000000', '000100080000000700000000');
      await link.peer.expectAlive();
      expect(link.session.streamCount).toBe(2);
      expect(String(streams[0]!.read())).toBe('kept');
      expect(streams.map(eventsOf)).toEqual([[], []]);
    });

    it('RL-09 counts streams that wait to be accepted', async () => {
      const link = await yamux.server(CONFIG);

      link.peer.write(W(SYN, 1, 0), W(SYN, 3, 0), W(SYN, 5, 0));

      await link.peer.expectFrames(W(RST, 5, 0));
      await link.peer.expectNothing();
      expect([(await link.accept()).id, (await link.accept()).id]).toEqual([1, 3]);
      await link.peer.expectFrames(W(ACK, 1, 0), W(ACK, 3, 0));
    });

    it('RL-09 counts what nobody has read of streams that have ended', async () => {
      const link = await yamux.server({ maxSessionWindowSize: 2 * WINDOW });
      const stream = await acceptStream(link);
      stream.end();
      await link.peer.expectFrames(W(FIN, 1, 0));
      await link.peer.deliver(D(FIN, 1, Buffer.alloc(WINDOW)));
      await acceptStream(link, 3);
      link.peer.write(W(SYN, 5, 0));
      await link.peer.expectFrames(W(RST, 5, 0));

      readOnce(stream, WINDOW);

      await acceptStream(link, 7);
    });

    it('RL-09 counts what nobody has read of an ended stream until it is destroyed', async () => {
      const link = await yamux.server({ maxSessionWindowSize: WINDOW });
      const stream = await acceptStream(link);
      stream.end();
      await link.peer.expectFrames(W(FIN, 1, 0));
      await link.peer.deliver(D(FIN, 1, Buffer.alloc(WINDOW)));
      const opened = link.open();
      await link.peer.expectNothing();

      stream.destroy();

      await link.peer.expectFrames(W(SYN, 2, 0));
      await opened;
    });

    it('RL-09 counts streams of both sides', async () => {
      const link = await yamux.client(CONFIG);
      await openStream(link);
      await acceptStream(link, 2);

      link.peer.write(W(SYN, 4, 0));

      await link.peer.expectFrames(W(RST, 4, 0));
      await link.peer.expectNothing();
    });

    it('RL-09 has room for exactly as many streams as fit', async () => {
      const link = await yamux.server({ maxSessionWindowSize: 3 * WINDOW - 1 });
      await acceptStream(link, 1);
      await acceptStream(link, 3);

      link.peer.write(W(SYN, 5, 0));

      await link.peer.expectFrames(W(RST, 5, 0));
    });

    it('RL-09 promises no more than maxSessionWindowSize to any number of streams', async () => {
      const link = await yamux.server({
        initialStreamWindowSize: 16 * MiB,
        maxSessionWindowSize: 64 * MiB,
      });
      link.session.onStream((stream) => void yamux.watched(stream));

      link.peer.write(...Array.from({ length: 256 }, (_, index) => W(SYN, 2 * index + 1, 0)));

      const answers = await said(link);
      const accepted = answers.filter(({ flags }) => flags === ACK);
      const promised = accepted.reduce((sum, { length }) => sum + WINDOW + length, 0);
      expect(answers).toHaveLength(256);
      expect(answers.filter(({ flags }) => flags === RST)).toHaveLength(256 - accepted.length);
      expect(promised).toBe(64 * MiB);
    });

    it.each(DEPARTURES)(
      'RL-09 has room again for one stream after one that %s',
      async (_, leave) => {
        const link = await yamux.server(CONFIG);
        const first = await acceptStream(link, 1);
        await acceptStream(link, 3);

        await leave(link, first);

        await acceptStream(link, 5);
        link.peer.write(W(SYN, 7, 0));
        await link.peer.expectFrames(W(RST, 7, 0));
        await link.peer.expectNothing();
      },
    );

    it('RL-09 has room again after a stream that nobody has accepted', async () => {
      const link = await yamux.server(CONFIG);
      link.peer.write(W(SYN, 1, 0), W(SYN, 3, 0), W(RST, 1, 0), W(SYN, 5, 0), W(SYN, 7, 0));

      await link.peer.expectFrames(W(RST, 7, 0));

      expect([(await link.accept()).id, (await link.accept()).id]).toEqual([3, 5]);
      await link.peer.expectFrames(W(ACK, 3, 0), W(ACK, 5, 0));
    });

    it('RL-09 has room again after a stream whose close timed out', async () => {
      stopTheClock();
      const link = await yamux.server({ ...CONFIG, streamCloseTimeoutMs: 1_000 });
      const first = await acceptStream(link, 1);
      await acceptStream(link, 3);
      first.end();
      await link.peer.expectFrames(W(FIN, 1, 0));

      vi.advanceTimersByTime(999);
      link.peer.write(W(SYN, 5, 0));
      await link.peer.expectFrames(W(RST, 5, 0));
      vi.advanceTimersByTime(1);
      await link.peer.expectFrames(W(RST, 1, 0));

      await acceptStream(link, 7);
    });

    it('RL-09 has room again for one stream, not two, when resets cross', async () => {
      const link = await yamux.server(CONFIG);
      const first = await acceptStream(link, 1);
      await acceptStream(link, 3);

      first.destroy();
      link.peer.write(W(RST, 1, 0), D(0, 1, 'late'), W(FIN, 1, 0), W(RST, 1, 0));
      await link.peer.expectFrames(W(RST, 1, 0));
      first.destroy();
      await link.peer.expectNothing();

      await acceptStream(link, 5);
      link.peer.write(W(SYN, 7, 0));
      await link.peer.expectFrames(W(RST, 7, 0));
    });

    it('RL-09 announces only what is left of an initial window', async () => {
      const link = await yamux.server({
        initialStreamWindowSize: 16 * MiB,
        maxSessionWindowSize: budgetOf(2 * WINDOW + 100_000),
      });
      await link.peer.deliver(W(SYN, 1, 0), W(SYN, 3, 0));

      const streams = [await link.accept(), await link.accept()];
      await link.peer.expectFrames(W(ACK, 1, 100_000), W(ACK, 3, 0));

      await link.peer.deliver(D(0, 1, Buffer.alloc(WINDOW + 100_000)), D(0, 3, pattern(WINDOW)));
      await link.peer.expectAlive();
      link.peer.write(D(0, 1, 'x'));
      await expectFatal(link, 'ERR_YAMUX_FLOW_CONTROL', streams);
    });

    it('RL-09 announces only what is left to a stream that is opened here', async () => {
      const link = await yamux.client({
        initialStreamWindowSize: MiB,
        maxSessionWindowSize: budgetOf(MiB + WINDOW + 7),
      });

      await link.open();
      await link.open();

      await link.peer.expectFrames(W(SYN, 1, MiB - WINDOW), W(SYN, 3, 7));
    });

    it('RL-09 takes back all of an initial window that was announced', async () => {
      const link = await yamux.server({
        initialStreamWindowSize: 2 * WINDOW,
        maxSessionWindowSize: budgetOf(2 * WINDOW),
      });
      link.peer.write(W(SYN, 1, 0));
      await link.accept();
      await link.peer.expectFrames(W(ACK, 1, WINDOW));
      link.peer.write(W(SYN, 3, 0));
      await link.peer.expectFrames(W(RST, 3, 0));

      link.peer.write(W(RST, 1, 0), W(SYN, 5, 0));
      await link.accept();

      await link.peer.expectFrames(W(ACK, 5, WINDOW));
    });

    it('RL-09 takes back all of the window of a stream that its handler destroys', async () => {
      const link = await yamux.server({
        initialStreamWindowSize: 2 * WINDOW,
        maxSessionWindowSize: 3 * WINDOW,
      });
      link.session.onStream((stream) => {
        yamux.watched(stream);
        if (stream.id === 1) stream.destroy();
      });

      link.peer.write(W(SYN, 1, 0), W(SYN, 3, 0));

      await link.peer.expectFrames(W(ACK, 1, WINDOW), W(RST, 1, 0), W(ACK, 3, WINDOW));
      await link.peer.expectNothing();
    });
  });

  describe('open() without room', () => {
    const CONFIG: Partial<YamuxConfig> = { maxSessionWindowSize: 2 * WINDOW };

    it.each(DEPARTURES)('RL-09 waits for a stream of ours that %s', async (_, leave) => {
      const link = await yamux.client(CONFIG);
      const first = await openStream(link);
      await openStream(link);
      link.peer.write(W(ACK, 1, 0), W(ACK, 3, 0));
      const third = link.open();
      await link.peer.expectNothing();

      await leave(link, first);

      await link.peer.expectFrames(W(SYN, 5, 0));
      expect((await third).id).toBe(5);
      await link.peer.expectNothing();
    });

    it.each(DEPARTURES)("RL-09 waits for a stream of the peer's that %s", async (_, leave) => {
      const link = await yamux.client(CONFIG);
      const first = await acceptStream(link, 2);
      await acceptStream(link, 4);
      const opened = link.open();
      await link.peer.expectNothing();

      await leave(link, first);

      await link.peer.expectFrames(W(SYN, 1, 0));
      expect((await opened).id).toBe(1);
    });

    it('RL-09 does not wait while the peer has yet to acknowledge, once there is room', async () => {
      const link = await yamux.client({ ...CONFIG, acceptBacklog: 3 });
      await openStream(link);
      const second = await openStream(link);
      const third = link.open();
      await link.peer.expectNothing();

      link.peer.write(W(ACK, 1, 0));
      await link.peer.expectNothing();
      second.destroy();

      await link.peer.expectFrames(W(RST, 3, 0), W(SYN, 5, 0));
      expect((await third).id).toBe(5);
    });

    it('RL-09 needs both room and a place in the backlog', async () => {
      const link = await yamux.client({ ...CONFIG, acceptBacklog: 1 });
      await openStream(link);
      const inbound = await acceptStream(link, 2);
      const opened = link.open();

      inbound.destroy();
      await link.peer.expectFrames(W(RST, 2, 0));
      await link.peer.expectNothing();
      link.peer.write(W(ACK, 1, 0));

      await link.peer.expectFrames(W(SYN, 3, 0));
      await opened;
    });

    it('RL-09 opens as many of those that wait, in their order, as streams go', async () => {
      const link = await yamux.client(CONFIG);
      const first = await openStream(link);
      const second = await openStream(link);
      const settled: string[] = [];
      const opens = ['a', 'b', 'c'].map((name) =>
        link.open().then(({ id }) => settled.push(`${name} is ${id}`)),
      );
      await link.peer.expectNothing();

      first.destroy();
      await link.peer.expectFrames(W(RST, 1, 0), W(SYN, 5, 0));
      await link.peer.expectNothing();
      expect(settled).toEqual(['a is 5']);
      second.destroy();
      await link.peer.expectFrames(W(RST, 3, 0), W(SYN, 7, 0));
      link.peer.write(W(RST, 5, 0));
      await link.peer.expectFrames(W(SYN, 9, 0));

      await Promise.all(opens);
      expect(settled).toEqual(['a is 5', 'b is 7', 'c is 9']);
    });

    it('RL-09 gets the room of several streams out of the grown window of one', async () => {
      const link = await yamux.server({
        ...CONFIG,
        maxStreamWindowSize: 16 * MiB,
        maxSessionWindowSize: budgetOf(2 * WINDOW),
      });
      const grown = await grownStream(link);
      const opens = [link.open(), link.open(), link.open()];
      await link.peer.expectNothing();

      grown.destroy();

      await link.peer.expectFrames(W(RST, 1, 0), W(SYN, 2, 0), W(SYN, 4, 0));
      await link.peer.expectNothing();
      (await opens[0]!).destroy();
      await link.peer.expectFrames(W(RST, 2, 0), W(SYN, 6, 0));
      await Promise.all(opens);
    });

    it('RL-09 comes before the next stream of the peer', async () => {
      const link = await yamux.client(CONFIG);
      await acceptStream(link, 2);
      await acceptStream(link, 4);
      const opened = link.open();
      await link.peer.expectNothing();

      link.peer.write(W(RST, 2, 0), W(SYN, 6, 0));

      await link.peer.expectFrames(W(SYN, 1, 0), W(RST, 6, 0));
      await opened;
    });

    it.each<[string, (link: RawLink) => void, code: string]>([
      ['is closed', ({ session }) => void session.close(), 'ERR_YAMUX_SESSION_CLOSED'],
      ['is destroyed', ({ session }) => session.destroy(), 'ERR_YAMUX_SESSION_CLOSED'],
      ['loses its connection', ({ peer }) => peer.end(), 'ERR_YAMUX_SESSION_CLOSED'],
      ['is broken by the peer', ({ peer }) => peer.write('ff'), 'ERR_YAMUX_PROTOCOL'],
    ])('RL-09 is rejected when the session %s', async (_, end, code) => {
      const link = await yamux.client(CONFIG);
      await openStream(link);
      await openStream(link);
      const third = link.open();
      await link.peer.expectNothing();

      end(link);

      await expect(third).rejects.toMatchObject({ name: 'YamuxError', code });
      await link.session.closed;
      const frames = await link.peer.framesUntilEnd();
      expect(frames.filter(({ flags }) => flags === SYN)).toEqual([]);
    });

    it('RL-09 is rejected when the peer accepts no more streams, and stays so', async () => {
      const link = await yamux.client(CONFIG);
      const first = await openStream(link);
      await openStream(link);
      const third = link.open();
      await link.peer.expectNothing();

      link.peer.write(G(0, 0, 0));
      await expect(third).rejects.toMatchObject({ code: 'ERR_YAMUX_REMOTE_GOAWAY' });
      first.destroy();

      await link.peer.expectFrames(W(RST, 1, 0));
      await link.peer.expectNothing();
    });
  });

  /** The stream reads its first half window, and the ping that this causes is answered. */
  async function measure(link: RawLink, stream: YamuxStream, half = HALF): Promise<void> {
    await transfer(link, stream, half);
    await link.peer.expectFramesInAnyOrder(P(SYN, 0, 0), W(0, stream.id, half));
    pass(ROUND_TRIP_MS);
    await link.peer.deliver(P(ACK, 0, 0));
    nowMs -= ROUND_TRIP_MS; // So that the time since that credit is what the test says.
  }

  /** An accepted stream 1 whose window has grown to twice what it was, with nothing under way. */
  async function grownStream(link: RawLink): Promise<YamuxStream> {
    const stream = await acceptStream(link);
    await measure(link, stream);
    await transfer(link, stream, HALF);
    await link.peer.expectFrames(W(0, 1, HALF + WINDOW));
    return stream;
  }
});

/** The peer sends `bytes`, and the application takes them in one piece. */
async function transfer(link: RawLink, stream: YamuxStream, bytes: number): Promise<void> {
  await link.peer.deliver(D(0, stream.id, Buffer.alloc(bytes)));
  readOnce(stream, bytes);
}

function readOnce(stream: YamuxStream, bytes: number): void {
  expect((stream.read(bytes) as Buffer | null)?.length).toBe(bytes);
}

/** What the session has sent up to now and the test has not read. */
async function said({ peer }: RawLink): Promise<Frame[]> {
  peer.write(P(SYN, 0, 0xba771e53));
  const answer = P(ACK, 0, 0xba771e53).toString('hex');
  return (await peer.framesUntil(({ hex }) => hex === answer)).slice(0, -1);
}

/** What the session has promised, kept by the peer from the frames on the wire alone. */
class Books {
  /** Per stream: bytes that were promised, less those that were read. */
  readonly promised = new Map<number, number>();

  constructor(private readonly link: RawLink) {}

  get sum(): number {
    return [...this.promised.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  close(id: number): void {
    this.promised.delete(id);
  }

  /** The peer sends half of what it may, or all; the application reads half of what waits, or all. */
  async transfer(stream: YamuxStream, all: boolean, readsAll: boolean): Promise<void> {
    const credit = this.promised.get(stream.id)! - stream.readableLength;
    const sent = all ? credit : Math.floor(credit / 2);
    await this.link.peer.deliver(D(0, stream.id, Buffer.alloc(sent)));
    const read = readsAll ? stream.readableLength : Math.floor(stream.readableLength / 2);
    if (read === 0) return;
    readOnce(stream, read);
    this.promised.set(stream.id, this.promised.get(stream.id)! - read);
  }

  /** Enters what the session has sent. Returns how many streams it has refused. */
  async readFrames(): Promise<number> {
    let refused = 0;
    for (const { type, flags, streamId, length } of await said(this.link)) {
      if (type === 2) await this.link.peer.deliver(P(ACK, 0, length));
      else if (flags === ACK) this.promised.set(streamId, WINDOW + length);
      else if (flags === RST) refused += 1;
      else this.promised.set(streamId, this.promised.get(streamId)! + length);
    }
    return refused;
  }
}
