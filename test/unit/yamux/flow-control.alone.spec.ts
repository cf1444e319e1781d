import { describe, expect, it } from 'vitest';
import { ACK, D, FIN, header, P, RST, SYN, W } from '../../fixtures/raw-peer.js';
import {
  acceptStream,
  expectFatal,
  openStream,
  stopTheClock,
  useYamux,
  type RawLink,
} from '../../fixtures/yamux-link.js';
import {
  closeOf,
  collect,
  eventsOf,
  expectSameBytes,
  memoryInUse,
  pattern,
  readAll,
  readBytes,
  write,
} from '../../fixtures/yamux-streams.js';

const WINDOW = 256 * 1024;
const MiB = 1024 * 1024;

describe('yamux flow control', () => {
  const yamux = useYamux();

  describe('sending', () => {
    it('FC-01 sends 262144 bytes on its own account, then exactly what it is credited', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const sent = pattern(WINDOW + 1_000 + 5_000);
      const written = write(stream, sent);

      const parts = [await link.peer.readData(1, WINDOW)];
      await link.peer.expectNothing();
      for (const credit of [1_000, 4_999]) {
        link.peer.write(W(0, 1, credit));
        parts.push(await link.peer.readData(1, credit));
        await link.peer.expectNothing();
      }
      link.peer.write(W(0, 1, 100));
      parts.push(await link.peer.readData(1, 1));

      expect(await written).toBeUndefined();
      expectSameBytes(Buffer.concat(parts), sent);
      await link.peer.expectNothing();
    });

    it('FC-02 as opener, honours the credit that comes with ACK', async () => {
      const link = await yamux.client();
      const stream = await openStream(link);
      link.peer.write(W(ACK, 1, 16_515_072));
      await link.peer.expectNothing();

      stream.write(Buffer.alloc(16 * MiB + 1));

      await link.peer.readData(1, 16 * MiB);
      await link.peer.expectNothing();
    });

    it('FC-03 as acceptor, honours the credit that comes with SYN', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link, 1, 16_515_072);
      const sent = pattern(MiB);

      const written = write(stream, sent);

      expectSameBytes(await link.peer.readData(1, MiB), sent);
      expect(await written).toBeUndefined();
    });

    it('FC-04 takes the length of a data frame with SYN for no credit', async () => {
      const { peer, accept } = await yamux.server();
      peer.write(D(SYN, 1, pattern(1_000)));
      const stream = await accept();
      await peer.expectFrames(W(ACK, 1, 0));

      stream.write(Buffer.alloc(WINDOW + 1));

      await peer.readData(1, WINDOW);
      await peer.expectNothing();
    });

    it('FC-05 sends what waited as soon as credit comes, without a timer', async () => {
      stopTheClock();
      const link = await yamux.server();
      await exhaustedStream(link, 'tail!');

      link.peer.write(W(0, 1, 5), P(SYN, 0, 1));

      await link.peer.expectFramesInAnyOrder(D(0, 1, 'tail!'), P(ACK, 0, 1));
    });

    it('FC-15 takes a window update of 0 for nothing', async () => {
      const link = await yamux.server();
      await exhaustedStream(link, 'x');

      link.peer.write(W(0, 1, 0), W(0, 1, 0));

      await link.peer.expectNothing();
      link.peer.write(W(0, 1, 1));
      await link.peer.expectFrames(D(0, 1, 'x'));
    });

    it('FC-16 obeys credit that comes byte by byte', async () => {
      const link = await yamux.server();
      await exhaustedStream(link, 'one by one');

      for (const byte of 'one by one') {
        await link.peer.deliver(W(0, 1, 1));
        await link.peer.expectFrames(D(0, 1, byte));
      }

      await link.peer.expectNothing();
    });

    it('FC-17 ignores credit for streams that never were or are no more', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link, 99);
      link.peer.write(W(0, 77, 1_000), W(FIN, 99, 0));
      await readAll(stream);
      stream.end();
      await link.peer.expectFrames(W(FIN, 99, 0));

      link.peer.write(W(0, 99, 1_000), W(0, 99, 0xffffffff), W(0, 99, 0xffffffff));

      await link.peer.expectAlive();
    });

    it('FC-18 ignores credit that comes after our FIN, and after both', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      stream.end('bye');
      await link.peer.expectFrames(D(0, 1, 'bye'), W(FIN, 1, 0));

      link.peer.write(W(0, 1, 200_000));
      await link.peer.expectNothing();
      link.peer.write(W(FIN, 1, 0), W(0, 1, 200_000));

      await link.peer.expectAlive();
      await readAll(stream);
      await closeOf(stream);
      expect(eventsOf(stream)).toEqual(['end', 'close']);
    });

    it('FC-19 takes FIN and credit from one frame', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      stream.write(Buffer.alloc(WINDOW + 100_000 + 1));
      await link.peer.readData(1, WINDOW);

      link.peer.write(W(FIN, 1, 100_000));

      await link.peer.readData(1, 100_000);
      await link.peer.expectNothing();
      expect(await readAll(stream)).toHaveLength(0);
    });

    it('FC-24 finishes 16 streams that all wait for credit', async () => {
      const link = await yamux.server();
      const sent = pattern(WINDOW + 10_000);
      const ids = Array.from({ length: 16 }, (_, index) => 2 * index + 1);
      for (const id of ids) {
        (await acceptStream(link, id)).write(sent);
        await link.peer.readData(id, WINDOW);
      }
      await link.peer.expectNothing();

      link.peer.write(...ids.map((id) => W(0, id, 10_000)));

      const tails = new Map<number, Buffer[]>(ids.map((id) => [id, []]));
      for (let missing = 16 * 10_000; missing > 0;) {
        const { streamId, payload } = await link.peer.nextFrame();
        tails.get(streamId)!.push(payload);
        missing -= payload.length;
      }
      for (const parts of tails.values()) {
        expectSameBytes(Buffer.concat(parts), sent.subarray(WINDOW));
      }
      await link.peer.expectNothing();
    });
  });

  describe('receiving', () => {
    it('FC-06 credits the peer once half of the window has been read', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      await link.peer.deliver(D(0, 1, pattern(200_000)));

      await readBytes(stream, 131_071);
      await link.peer.expectNothing();
      await readBytes(stream, 1);

      await link.peer.expectFrames('000100000000000100020000');
      await link.peer.expectNothing();
    });

    it('FC-06 credits all that is free, also when that is an odd number', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      await link.peer.deliver(D(0, 1, pattern(200_000)));
      await link.peer.expectNothing();

      expect((stream.read(140_000) as Buffer).length).toBe(140_000);

      await link.peer.expectFrames('0001000000000001000222e0');
      await link.peer.expectNothing();
    });

    it('FC-06 counts what is free across several updates', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      let credit = WINDOW;
      let received = 0;

      while (received < 8 * MiB) {
        await link.peer.deliver(D(0, 1, Buffer.alloc(credit)));
        received += credit;
        await readBytes(stream, credit);
        const frame = await link.peer.nextFrame();
        expect([frame.type, frame.flags, frame.streamId]).toEqual([1, 0, 1]);
        credit = frame.length;
      }

      expect(credit).toBeGreaterThanOrEqual(WINDOW / 2);
      await link.peer.expectNothing();
    });

    it('FC-07 never credits a peer whose data nobody reads', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const payload = pattern(WINDOW);
      const before = await memoryInUse();

      await link.peer.deliver(D(0, 1, payload));

      await link.peer.expectNothing();
      expect(stream.readableLength).toBeLessThanOrEqual(WINDOW);
      expect((await memoryInUse()) - before).toBeLessThan(4 * MiB);
      expectSameBytes(await readBytes(stream, WINDOW), payload);
    });

    it('FC-08 credits what a flowing reader took, not what waits while it is paused', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const received = collect(stream);
      stream.once('data', () => stream.pause());

      await link.peer.deliver(D(0, 1, pattern(100_000)), D(0, 1, pattern(WINDOW - 100_000)));
      const taken = received.bytes.length;
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(WINDOW / 2);
      await link.peer.expectNothing();
      stream.resume();

      let credited = 0;
      while (credited < WINDOW / 2) {
        const { hex, length } = await link.peer.nextFrame();
        expect(hex).toMatch(/^0001000000000001/);
        credited += length;
      }
      expect(credited).toBeLessThanOrEqual(received.bytes.length);
      await link.peer.expectAlive();
      expectSameBytes(received.bytes, Buffer.concat([pattern(100_000), pattern(WINDOW - 100_000)]));
    });

    it('FC-20 sends no credit for a stream that it has reset', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      await link.peer.deliver(D(0, 1, pattern(200_000)));

      stream.destroy();
      stream.resume();

      await link.peer.expectFrames(W(RST, 1, 0));
      await link.peer.expectNothing();
    });

    it('FC-20 sends no credit to a peer that has ended', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      await link.peer.deliver(D(0, 1, pattern(200_000)), W(FIN, 1, 0));

      expect(await readAll(stream)).toHaveLength(200_000);

      await link.peer.expectNothing();
    });

    it('FC-21 counts what came before acceptance against the window that ACK announces', async () => {
      const link = await yamux.server({ initialStreamWindowSize: 2 * WINDOW });
      link.peer.write(W(SYN, 1, 0), D(0, 1, pattern(200_000)));
      await link.peer.expectNothing();
      const stream = await link.accept();
      await link.peer.expectFrames('000100020000000100040000');

      await link.peer.deliver(D(0, 1, Buffer.alloc(2 * WINDOW - 200_000)));
      await link.peer.expectAlive();
      link.peer.write(D(0, 1, 'x'));

      await expectFatal(link, 'ERR_YAMUX_FLOW_CONTROL', [stream]);
    });

    it('FC-22 throws away what a peer sends that does not yet know of our RST', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      await link.peer.deliver(D(0, 1, pattern(100_000)));
      stream.destroy();

      await link.peer.deliver(D(0, 1, pattern(WINDOW - 100_000)), D(FIN, 1, ''));

      await link.peer.expectFrames(W(RST, 1, 0));
      await link.peer.expectAlive();
    });

    it('FC-23 stops a peer that goes on sending to a stream that was ended and destroyed', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      stream.end();
      await link.peer.expectFrames(W(FIN, 1, 0));
      stream.destroy();
      await link.peer.expectNothing();

      link.peer.write(D(0, 1, pattern(100_000)), D(0, 1, pattern(WINDOW - 100_000)));

      await link.peer.expectFrames(W(RST, 1, 0));
      await link.peer.expectAlive();
      expect(link.session.streamCount).toBe(0);
    });
  });

  describe('violations', () => {
    it('FC-09 ends the session at the header of a frame that exceeds the window', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      link.peer.write(header(0, 0, 1, WINDOW + 1));

      await expectFatal(link, 'ERR_YAMUX_FLOW_CONTROL', [stream]);
    });

    it('FC-09 grants 262144 bytes before acceptance, whatever window is set', async () => {
      const link = await yamux.server({ initialStreamWindowSize: 16 * MiB });
      link.peer.write(W(SYN, 1, 0));
      await link.peer.expectNothing();

      link.peer.write(header(0, 0, 1, WINDOW + 1));

      await expectFatal(link, 'ERR_YAMUX_FLOW_CONTROL');
    });

    it('FC-10 ends the session at the first byte beyond the window', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      await link.peer.deliver(D(0, 1, pattern(WINDOW)));
      await link.peer.expectAlive();

      link.peer.write(D(0, 1, 'x'));

      await expectFatal(link, 'ERR_YAMUX_FLOW_CONTROL', [stream]);
    });

    it('FC-11 ends the session at the header of a frame of 4 GiB', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      link.peer.write('0000000000000001ffffffff');

      await expectFatal(link, 'ERR_YAMUX_FLOW_CONTROL', [stream]);
    });

    it.each([WINDOW, 16 * MiB])(
      'FC-12 shows nobody a stream whose first frame exceeds the window (of %i)',
      async (initialStreamWindowSize) => {
        const link = await yamux.server({ initialStreamWindowSize });
        let shown = 0;
        link.session.onStream(() => shown++);

        link.peer.write(header(0, SYN, 1, WINDOW + 1));

        await expectFatal(link, 'ERR_YAMUX_FLOW_CONTROL');
        expect(shown).toBe(0);
      },
    );

    it('FC-13 ends the session when credit adds up to more than 32 bits', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      link.peer.write('0001000000000001ffffffff', '0001000000000001ffffffff');

      await expectFatal(link, 'ERR_YAMUX_FLOW_CONTROL', [stream]);
    });

    it('FC-13 takes credit up to the last of 32 bits, and not one byte more', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      link.peer.write(W(0, 1, 0xffffffff - WINDOW));
      await link.peer.expectAlive();

      link.peer.write(W(0, 1, 1));

      await expectFatal(link, 'ERR_YAMUX_FLOW_CONTROL', [stream]);
    });

    it('FC-14 ends the session when the credit of SYN is more than 32 bits', async () => {
      const link = await yamux.server();

      link.peer.write('0001000100000001ffffffff');

      await expectFatal(link, 'ERR_YAMUX_FLOW_CONTROL');
    });

    it('FC-14 takes the largest credit that SYN can give', async () => {
      const link = await yamux.server();

      const stream = await acceptStream(link, 1, 0xffffffff - WINDOW);

      stream.write(pattern(WINDOW + 1));
      await link.peer.readData(1, WINDOW + 1);
    });
  });

  /** An accepted stream 1 that has used up its window, and `tail` waits. */
  async function exhaustedStream(link: RawLink, tail: string) {
    const stream = await acceptStream(link);
    stream.write(Buffer.alloc(WINDOW));
    await link.peer.readData(1, WINDOW);
    stream.write(tail);
    await link.peer.expectNothing();
    return stream;
  }
});
