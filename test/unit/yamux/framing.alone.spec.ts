import { duplexPair } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { YamuxSession } from '../../../lib/yamux/index.js';
import { ACK, D, FIN, G, header, P, SYN, W } from '../../fixtures/raw-peer.js';
import { acceptStream, openStream, useYamux } from '../../fixtures/yamux-link.js';
import {
  collect,
  digest,
  eventsOf,
  expectSameBytes,
  memoryInUse,
  pattern,
  readAll,
  readBytes,
  write,
} from '../../fixtures/yamux-streams.js';

const MiB = 1024 * 1024;

describe('yamux framing', () => {
  const yamux = useYamux();

  describe('chunks', () => {
    it('FR-01 reads frames that arrive one byte at a time', async () => {
      const { peer, accept } = await yamux.server();
      const bytes = Buffer.concat([W(SYN, 1, 0), D(0, 1, 'hello')]);

      await peer.deliver(...Array.from(bytes, (byte) => Buffer.of(byte)));

      const stream = await accept();
      expect((await readBytes(stream, 5)).toString()).toBe('hello');
    });

    it('FR-02 reads the same whatever the offset at which a chunk ends', async () => {
      const { peer, accept } = await yamux.server();
      for (let offset = 0; offset <= 29; offset++) {
        const id = 2 * offset + 1;
        const bytes = Buffer.concat([W(SYN, id, 0), D(0, id, 'hello')]);

        await peer.deliver(bytes.subarray(0, offset), bytes.subarray(offset));

        const stream = await accept();
        expect(stream.id).toBe(id);
        expect((await readBytes(stream, 5)).toString()).toBe('hello');
      }
    });

    it('FR-02 reads a log of 1000 frames the same in one chunk and in random ones', async () => {
      const log = frameLog(1000);
      const whole = await replay([log]);

      for (const seed of [1, 2, 3]) expect(await replay(randomCuts(log, seed))).toEqual(whole);
    });

    it('FR-03 reads a header and its payload from separate chunks', async () => {
      const { peer, ...link } = await yamux.server();
      const stream = await acceptStream({ peer, ...link });

      await peer.deliver(header(0, 0, 1, 5), Buffer.from('hello'));

      expect((await readBytes(stream, 5)).toString()).toBe('hello');
      await peer.expectAlive();
    });

    it('FR-04 reads 20 000 frames from one chunk, without recursion and in linear time', async () => {
      const [near, far] = duplexPair();
      const session = new YamuxSession(far, 'server');
      const accepted = session.accept();
      const frames = Array.from({ length: 20_000 }, (_, index) => D(0, 1, Buffer.of(index)));
      const chunk = Buffer.concat([W(SYN, 1, 0), ...frames]);
      const sizes: number[] = [];
      far.on('data', (part: Buffer) => sizes.push(part.length));

      const start = performance.now();
      near.write(chunk);
      const bytes = await readBytes(await accepted, 20_000);

      expect(sizes).toEqual([chunk.length]);
      expect(bytes.every((byte, index) => byte === index % 256)).toBe(true);
      expect(performance.now() - start).toBeLessThan(2_000);
      session.destroy();
    });

    it('FR-05 delivers the beginning of a frame of 200 KiB before its end has come', async () => {
      const { peer, ...link } = await yamux.server();
      const stream = await acceptStream({ peer, ...link });
      const payload = pattern(200 * 1024);

      await peer.deliver(header(0, 0, 1, payload.length), payload.subarray(0, 64 * 1024));
      expectSameBytes(await readBytes(stream, 64 * 1024), payload.subarray(0, 64 * 1024));

      await peer.deliver(payload.subarray(64 * 1024));
      expectSameBytes(await readBytes(stream, 136 * 1024), payload.subarray(64 * 1024));
    });

    it('FR-06 takes one frame of 16 MiB after announcing that window, in about that much memory', async () => {
      const { peer, accept } = await yamux.server({ initialStreamWindowSize: 16 * MiB });
      const payload = pattern(16 * MiB);
      peer.write(W(SYN, 1, 0));
      const stream = await accept();
      await peer.expectFrames('000100020000000100fc0000');
      const before = await memoryInUse();

      await peer.deliver(header(0, 0, 1, payload.length), payload.subarray(0, MiB));
      const beginning = await readBytes(stream, MiB);
      await peer.deliver(payload.subarray(MiB));

      expect((await memoryInUse()) - before).toBeLessThan(32 * MiB);
      const rest = await readBytes(stream, 15 * MiB);
      expectSameBytes(Buffer.concat([beginning, rest]), payload);
    });
  });

  describe('inbound frames', () => {
    it('FR-07 takes an empty data frame for nothing: no data, no end', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);
      const received = collect(stream);

      link.peer.write(D(0, 1), D(0, 1), D(0, 1, 'x'));

      await link.peer.expectAlive();
      expect(received.bytes.toString()).toBe('x');
      expect(eventsOf(stream)).toEqual([]);
    });

    it('FR-08 reads the payload that comes with SYN', async () => {
      const { peer, accept } = await yamux.server();
      peer.write(D(SYN, 1, 'hello'));
      await peer.expectNothing();

      const stream = await accept();

      await peer.expectFrames('000100020000000100000000');
      expect((await readBytes(stream, 5)).toString()).toBe('hello');
    });

    it('FR-09 reads a whole stream from one frame, and can still answer', async () => {
      const { peer, accept } = await yamux.server();
      peer.write(D(SYN | FIN, 1, 'hello'));

      const stream = await accept();
      expect((await readAll(stream)).toString()).toBe('hello');
      stream.end('reply');

      await peer.expectFrames(W(ACK, 1, 0), D(0, 1, 'reply'), W(FIN, 1, 0));
    });

    it('FR-10 reads data, end and acknowledgement from one frame', async () => {
      const link = await yamux.client({ acceptBacklog: 1 });
      const stream = await openStream(link);
      const second = link.open();

      link.peer.write(D(ACK | FIN, 1, 'hi'));

      expect((await readAll(stream)).toString()).toBe('hi');
      expect((await second).id).toBe(3);
      await link.peer.expectFrames(W(SYN, 3, 0));
    });

    it('FR-11 delivers the payload of a frame before its FIN', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      link.peer.write(D(FIN, 1, 'abc'));

      expect((await readAll(stream)).toString()).toBe('abc');
      expect(eventsOf(stream)).toEqual(['end']);
    });

    it('FR-12 ignores flag bits that it does not know', async () => {
      const { peer, accept } = await yamux.server();

      peer.write('000180110000000100000000');

      expect((await accept()).id).toBe(1);
      await peer.expectFrames('000100020000000100000000');
    });

    it('FR-13 takes no payload for anything but data, whatever the length says', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      link.peer.write(
        P(ACK, 0, 100),
        W(0, 1, 100),
        P(SYN, 0, 65_536),
        W(0, 77, 65_536),
        G(0, 0, 0),
        D(0, 1, 'ok'),
      );

      await link.peer.expectFrames(P(ACK, 0, 65_536));
      expect((await readBytes(stream, 2)).toString()).toBe('ok');
      await link.peer.expectAlive();
    });

    it('FR-14 reads all 32-bit fields as unsigned', async () => {
      const link = await yamux.server();
      link.peer.write(P(SYN, 0, 0xdeadbeef), W(SYN, 0xfffffffd, 0));

      const stream = await link.accept();

      await link.peer.expectFrames('0002000200000000deadbeef', '00010002fffffffd00000000');
      expect(stream.id).toBe(0xfffffffd);
      link.peer.write(W(0, 0xfffffffd, 0x80000000));
      stream.write(Buffer.alloc(300_000));
      await link.peer.readData(0xfffffffd, 300_000);
      await link.peer.expectAlive();
    });
  });

  describe('outbound frames', () => {
    it('FR-15 opens with a window update that carries SYN and the rest of the window', async () => {
      const small = await yamux.client();
      await small.open();
      await small.peer.expectFrames('000100010000000100000000');

      const large = await yamux.client({ initialStreamWindowSize: 16 * MiB });
      await large.open();
      await large.peer.expectFrames('000100010000000100fc0000');
    });

    it('FR-16 sends ACK, FIN and RST as the exact frames that Go sends', async () => {
      const small = await yamux.server();
      small.peer.write(W(SYN, 1, 0), W(SYN, 3, 0));
      const [first, second] = [await small.accept(), await small.accept()];
      await small.peer.expectFrames('000100020000000100000000', '000100020000000300000000');
      first.end();
      await small.peer.expectFrames('000100040000000100000000');
      second.destroy();
      await small.peer.expectFrames('000100080000000300000000');

      const large = await yamux.server({ initialStreamWindowSize: 16 * MiB });
      large.peer.write(W(SYN, 1, 0));
      await large.accept();
      await large.peer.expectFrames('000100020000000100fc0000');
    });

    it('FR-17 sends the exact length of a payload, and nothing for an empty write', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link);

      expect(await write(stream, 'abc')).toBeUndefined();
      await link.peer.expectFrames('000000000000000100000003 616263');
      expect(await write(stream, '')).toBeUndefined();
      expect(await write(stream, Buffer.alloc(0))).toBeUndefined();

      await link.peer.expectNothing();
    });

    it('FR-18 sends no data frame above the size set', async () => {
      const link = await yamux.server({ maxFrameSize: 16_384 });
      const stream = await acceptStream(link);
      const sent = pattern(50_000);

      stream.end(sent);

      const frames = await link.peer.framesUntil((frame) => (frame.flags & FIN) !== 0);
      const data = frames.slice(0, -1);
      expect(data.map((frame) => frame.length)).toEqual([16_384, 16_384, 16_384, 848]);
      expectSameBytes(Buffer.concat(data.map((frame) => frame.payload)), sent);
    });

    it('FR-18 sends no data frame above 64 KiB unless told so', async () => {
      const link = await yamux.server();
      const stream = await acceptStream(link, 1, MiB);

      stream.end(pattern(MiB));

      const frames = await link.peer.framesUntil((frame) => (frame.flags & FIN) !== 0);
      expect(Math.max(...frames.map((frame) => frame.length))).toBe(64 * 1024);
    });
  });

  /** What a server makes of `segments`: the data of each stream, and the pongs. */
  async function replay(segments: Uint8Array[]) {
    const { peer, session } = await yamux.server();
    const received = new Map<number, Buffer[]>();
    const ended: number[] = [];
    session.onStream((stream) => {
      const parts: Buffer[] = [];
      received.set(stream.id, parts);
      yamux.watched(stream).on('data', (part: Buffer) => parts.push(part));
      stream.once('end', () => ended.push(stream.id));
    });
    await peer.deliver(...segments);
    peer.write(P(SYN, 0, 0xffffffff));
    const frames = await peer.framesUntil((frame) => frame.length === 0xffffffff);
    await nextTurn();
    return {
      streams: [...received].map(([id, parts]) => [id, digest(Buffer.concat(parts))]),
      ended: ended.sort((a, b) => a - b),
      frames: frames.map((frame) => frame.hex),
    };
  }
});

/** Frames of all kinds over eight streams, none of which needs a window update. */
function frameLog(count: number): Buffer {
  const random = randomNumbers(42);
  const ids = [1, 3, 5, 7, 9, 11, 13, 15];
  const frames = ids.map((id) => W(SYN, id, 0));
  while (frames.length < count - ids.length) {
    const id = ids[random(ids.length)]!;
    const kind = random(10);
    if (kind === 0) frames.push(P(SYN, 0, frames.length));
    else if (kind === 1) frames.push(W(0, id, random(1000)));
    else if (kind === 2) frames.push(D(0, 99, pattern(random(300), frames.length)));
    else frames.push(D(0, id, pattern(random(400), frames.length)));
  }
  return Buffer.concat([...frames, ...ids.map((id) => W(FIN, id, 0))]);
}

function randomCuts(bytes: Buffer, seed: number): Buffer[] {
  const random = randomNumbers(seed);
  const cuts: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + 1 + random(random(4) === 0 ? 12 : 2_000);
    cuts.push(bytes.subarray(start, end));
    start = end;
  }
  return cuts;
}

/** Whole numbers below a limit, the same ones for the same seed. */
function randomNumbers(seed: number): (limit: number) => number {
  const bytes = pattern(65_536, seed);
  let offset = 0;
  return (limit) => {
    const value = bytes.readUInt16BE(offset) % limit;
    offset = (offset + 2) % bytes.length;
    return value;
  };
}
