import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { YamuxConfig } from '../../../lib/yamux/index.js';
import { ACK, D, FIN, G, P, RST, SYN, W } from '../../fixtures/raw-peer.js';
import { acceptStream, openStream, useYamux, type RawLink } from '../../fixtures/yamux-link.js';
import { expectSameBytes, pattern, readAll } from '../../fixtures/yamux-streams.js';

const WINDOW = 256 * 1024;
const GO_AWAY = '000300000000000000000001';
/** Limits that a test can reach, and that time does not move. */
const FEW: Partial<YamuxConfig> = {
  maxUselessFrames: 50,
  uselessFramesPerSecond: 0,
  maxResets: 50,
  resetsPerSecond: 0,
};

describe('yamux floods', () => {
  const yamux = useYamux();

  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** The session has had enough: one typed error, and the peer is told. */
  async function expectFlood({ peer, session, closes }: RawLink): Promise<void> {
    const frames = await peer.framesUntilEnd();
    expect(frames.at(-1)?.hex).toBe(GO_AWAY);
    const error = await session.closed;
    expect(error).toMatchObject({ name: 'YamuxError', code: 'ERR_YAMUX_FLOOD' });
    expect(closes).toEqual([error]);
    expect(session.streamCount).toBe(0);
  }

  /** The session is there, and answers. */
  async function expectLife({ peer, session }: RawLink): Promise<void> {
    peer.write(P(SYN, 0, 0xa11e));
    await peer.framesUntil(({ hex }) => hex === P(ACK, 0, 0xa11e).toString('hex'));
    expect(session.streamCount).toBeGreaterThanOrEqual(0);
  }

  describe('streams that are opened and given up (CVE-2023-44487)', () => {
    it('RL-03 ends the session before 100 000 streams were opened and reset', async () => {
      stopTheTime();
      const link = await yamux.server();
      let opened = 0;
      link.session.onStream(() => void (opened += 1));

      const churn = Array.from({ length: 100_000 }, (_, index) => [
        W(SYN, 2 * index + 1, 0),
        W(RST, 2 * index + 1, 0),
      ]);
      link.peer.write(Buffer.concat(churn.flat()));

      expect(await link.session.closed).toMatchObject({ code: 'ERR_YAMUX_FLOOD' });
      expect(opened).toBe(5_001);
      expect(link.session.streamCount).toBe(0);
    });

    it.each<[string, (id: number) => Buffer[]]>([
      ['that the peer resets', (id) => [W(SYN, id, 0), W(RST, id, 0)]],
      ['that one frame opens and resets', (id) => [W(SYN | RST, id, 0)]],
      ['that one frame of data opens and resets', (id) => [D(SYN | RST, id, 'x')]],
      ['on which data came', (id) => [D(SYN, id, 'data'), W(RST, id, 0)]],
      ['that the peer ends twice', (id) => [W(SYN | FIN, id, 0), W(FIN, id, 0)]],
      ['with data behind the end', (id) => [W(SYN | FIN, id, 0), D(0, id, 'x')]],
    ])('RL-03 counts streams %s', async (_, frames) => {
      const link = await yamux.server(FEW);
      link.session.onStream((stream) => void yamux.watched(stream));
      const churn = (from: number, count: number) =>
        Array.from({ length: count }, (_unused, index) => frames(2 * (from + index) + 1)).flat();

      link.peer.write(...churn(0, 50));
      await expectLife(link);
      link.peer.write(...churn(50, 1));

      await expectFlood(link);
    });

    it('RL-03 counts streams that the application refuses at once', async () => {
      const link = await yamux.server(FEW);
      link.session.onStream((stream) => void yamux.watched(stream).destroy());

      link.peer.write(...Array.from({ length: 51 }, (_, index) => W(SYN, 2 * index + 1, 0)));

      await expectFlood(link);
    });

    it('RL-03 bears with resets of streams that the application has answered', async () => {
      const link = await yamux.server(FEW);
      link.session.onStream((stream) => void yamux.watched(stream).write('!'));

      for (let id = 1; id < 401; id += 2) {
        link.peer.write(W(SYN, id, 0));
        await link.peer.framesUntil(({ type, streamId }) => type === 0 && streamId === id);
        link.peer.write(W(RST, id, 0));
      }

      await expectLife(link);
    });

    it('RL-03 bears with resets of streams that were wanted for a second', async () => {
      const pass = stopTheTime();
      const link = await yamux.server(FEW);
      link.session.onStream((stream) => void yamux.watched(stream));
      const ids = Array.from({ length: 200 }, (_, index) => 2 * index + 1);

      link.peer.write(...ids.map((id) => W(SYN, id, 0)));
      await expectLife(link);
      pass(1_000);
      link.peer.write(...ids.map((id) => W(RST, id, 0)));

      await expectLife(link);
    });

    it('RL-03 lets a stream that comes to its end pay for one that does not', async () => {
      const link = await yamux.server(FEW);
      link.session.onStream((stream) => void yamux.watched(stream).resume().end());

      for (let id = 1; id < 401; id += 4) {
        link.peer.write(D(SYN | FIN, id, 'done'), W(SYN, id + 2, 0), W(RST, id + 2, 0));
        await link.peer.framesUntil(({ flags, streamId }) => flags === FIN && streamId === id);
      }

      await expectLife(link);
    });

    it('RL-03 forgives some per second', async () => {
      const pass = stopTheTime();
      const link = await yamux.server({ ...FEW, maxUselessFrames: 1_000, resetsPerSecond: 10 });
      link.session.onStream((stream) => void yamux.watched(stream));

      for (let id = 1; id < 401; id += 2) {
        link.peer.write(W(SYN, id, 0), W(RST, id, 0));
        await expectLife(link);
        pass(100);
      }
      expect(link.closes).toEqual([]);
      link.peer.write(
        ...Array.from({ length: 60 }, (_, index) => W(SYN | RST, 1001 + 2 * index, 0)),
      );

      await expectFlood(link);
    });

    it('RL-03 counts no resets of streams that this side opened', async () => {
      const link = await yamux.client({ ...FEW, maxUselessFrames: 1_000 });
      for (let count = 0; count < 200; count++) {
        const { id } = await openStream(link);
        link.peer.write(W(RST, id, 0));
      }

      await expectLife(link);
    });
  });

  describe('frames of no use (CVE-2019-9512, -9514, -9518)', () => {
    it.each<[string, Buffer]>([
      ['pings', P(SYN, 0, 1)],
      ['answers to no ping', P(ACK, 0, 1)],
      ['credit of nothing', W(0, 1, 0)],
      ['credit that nobody needs', W(0, 1, 1)],
      ['acknowledgements of nothing', W(ACK, 1, 0)],
      ['empty data', D(0, 1)],
      ['credit for streams that are not there', W(0, 77, 1_000)],
      ['ends of streams that are not there', W(FIN, 77, 0)],
      ['resets of streams that are not there', W(RST, 77, 0)],
      ['data for streams that are not there', D(0, 77, 'x')],
      ['empty data for streams that are not there', D(0, 77)],
      ['GoAway', G(0, 0, 0)],
      ['streams that there is no room for', W(SYN, 3, 0)],
      ['streams with data that there is no room for', D(SYN, 3, 'x')],
    ])('RL-10 ends the session on a flood of %s', async (_, frame) => {
      const link = await yamux.server({ ...FEW, maxInboundStreams: 1 });
      await acceptStream(link);

      link.peer.write(...Array<Buffer>(45).fill(frame));
      await expectLife(link);
      link.peer.write(...Array<Buffer>(10).fill(frame));

      await expectFlood(link);
    });

    it('RL-10 ends the session on two million of them, by the default, in no time', async () => {
      const link = await yamux.server();
      const chunk = Buffer.concat(Array<Buffer>(10_000).fill(W(0, 77, 1)));

      for (let sent = 0; sent < 200 && link.closes.length === 0; sent++) {
        await link.peer.deliver(chunk);
      }

      await expectFlood(link);
    });

    it('RL-10 forgives some per second', async () => {
      const pass = stopTheTime();
      const link = await yamux.server({ ...FEW, uselessFramesPerSecond: 100 });

      for (let count = 0; count < 100; count++) {
        await link.peer.deliver(...Array<Buffer>(2).fill(P(SYN, 0, 1)));
        pass(20);
      }

      expect(link.closes).toEqual([]);
    });

    it('RL-10 lets data pay for credit, be it given for each KiB', async () => {
      const link = await yamux.server(FEW);
      const stream = await acceptStream(link);
      stream.write(Buffer.alloc(16 * WINDOW));
      await link.peer.readData(1, WINDOW);

      for (let read = 0; read < 15 * 256; read += 32) {
        link.peer.write(...Array<Buffer>(32).fill(W(0, 1, 1_024)));
        await link.peer.readData(1, 32 * 1_024);
      }

      await link.peer.expectAlive();
    });

    it('RL-10 lets streams of this side pay for their acknowledgements, however many come at once', async () => {
      const link = await yamux.client(FEW);
      const streams = await Promise.all(Array.from({ length: 200 }, () => link.open()));
      await link.peer.framesUntil(({ streamId }) => streamId === streams.at(-1)!.id);

      link.peer.write(...streams.map(({ id }) => W(ACK, id, 0)));

      await expectLife(link);
    });

    it('RL-10 never troubles two sessions of ours at work', async () => {
      const { client, server } = await yamux.pair({ ...FEW, maxStreamWindowSize: 4 * WINDOW });
      server.session.onStream((stream) => void yamux.watched(stream).pipe(stream));
      const sent = pattern(3 * WINDOW + 1);

      for (let round = 0; round < 5; round++) {
        const echoes = Array.from({ length: 5 }, async () => {
          const stream = await client.open();
          const echo = readAll(stream);
          stream.end(sent);
          expectSameBytes(await echo, sent);
        });
        await Promise.all(echoes);
      }

      expect([...client.closes, ...server.closes]).toEqual([]);
    });

    it('RL-10 lets no data pay that the credit of the peer has cut into crumbs', async () => {
      const link = await yamux.server(FEW);
      const stream = await acceptStream(link);
      stream.write(Buffer.alloc(2 * WINDOW));
      await link.peer.readData(1, WINDOW);
      link.peer.write(...Array<Buffer>(400).fill(W(0, 77, 0))); // What has paid so far is spent.
      await nextTurn();

      for (let count = 0; count < 60 && link.closes.length === 0; count++) {
        await link.peer.deliver(W(0, 1, 1));
        await nextTurn();
      }

      await expectFlood(link);
    });

    it('RL-10 lets each KiB of data that is received pay for a ping', async () => {
      const link = await yamux.server(FEW);
      (await acceptStream(link)).resume();
      const data = Buffer.alloc(1024);

      for (let count = 0; count < 10; count++) {
        link.peer.write(...Array.from({ length: 20 }, () => [D(0, 1, data), P(SYN, 0, 1)]).flat());
        await expectLife(link);
      }
    });

    it('RL-10 lets no single byte that is received pay for a ping', async () => {
      const link = await yamux.server(FEW);
      (await acceptStream(link)).resume();

      link.peer.write(...Array.from({ length: 200 }, () => [D(0, 1, 'x'), P(SYN, 0, 1)]).flat());

      await expectFlood(link);
    });

    it('RL-10 takes no offence at data that was on its way when the stream was reset', async () => {
      const link = await yamux.server(FEW);
      (await acceptStream(link)).destroy();
      await link.peer.expectFrames(W(RST, 1, 0));

      link.peer.write(
        Buffer.alloc(0),
        ...Array<Buffer>(WINDOW / 64).fill(D(0, 1, Buffer.alloc(64))),
      );
      await expectLife(link);
      link.peer.write(...Array<Buffer>(60).fill(D(0, 1, 'x')));

      await expectFlood(link);
    });

    it('RL-10 takes no offence at what crosses 300 cancellations of this side', async () => {
      const link = await yamux.client(FEW);
      link.socket.setNoDelay(true);

      for (let count = 0; count < 300; count++) {
        const stream = await openStream(link);
        stream.destroy();
        link.peer.write(W(ACK, stream.id, 0), D(0, stream.id, 'answer'), W(FIN, stream.id, 0));
        await link.peer.expectFrames(W(RST, stream.id, 0));
      }

      await expectLife(link);
    });
  });
});

/** Time passes when the test says so, by the function that is returned. */
function stopTheTime(): (ms: number) => void {
  let nowMs = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  return (ms) => void (nowMs += ms);
}
