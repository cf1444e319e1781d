import { describe, expect, it } from 'vitest';
import { MessageReader } from '../../../lib/grpc/built-in/message-reader.js';
import { framed } from '../../fixtures/grpc/framed.js';
import { memoryUsed } from '../../fixtures/grpc/memory-used.js';
import { randomOf } from '../../fixtures/grpc/random.js';

const COPY_LIMIT = 4096;
const MiB = 2 ** 20;

interface Read {
  messages: Buffer[];
  compressed: boolean[];
  tooLong: number[];
  /** What is left of it, in bytes. */
  room: number;
  hasNoRoom: boolean;
  reader: MessageReader;
  /** Reads all messages of `piece`. */
  push(piece: Buffer): void;
}

function reading(limit = 4 * MiB, room = Infinity): Read {
  const read = {
    messages: [] as Buffer[],
    compressed: [] as boolean[],
    tooLong: [] as number[],
    room,
    hasNoRoom: false,
  };
  const reader = new MessageReader(limit, {
    onMessage(message, compressed) {
      read.messages.push(message);
      read.compressed.push(compressed);
    },
    onTooLong: (length) => read.tooLong.push(length),
    takeRoom: (bytes) => {
      read.room -= bytes;
      if (read.room >= 0) return true;
      read.room += bytes;
      return false;
    },
    onNoRoom: () => (read.hasNoRoom = true),
  });
  const push = (piece: Buffer): void => {
    for (let at = 0, end: number; at < piece.length; at = end) {
      end = reader.read(piece, at, piece.length, false);
      if (end === at) return; // It has stopped.
    }
  };
  return Object.assign(read, { reader, push });
}

/** Bytes that tell where they are. */
function patterned(length: number, seed = 0): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i += 1) bytes[i] = (i * 31 + seed) % 251;
  return bytes;
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...at, bytes.length].sort((a, b) => a - b);
  let start = 0;
  return ends.map((end) => bytes.subarray(start, (start = end)));
}

/** As `toEqual`, which takes long for bytes. */
function areSame(some: readonly Buffer[], others: readonly Buffer[]): boolean {
  return some.length === others.length && some.every((bytes, i) => bytes.equals(others[i]!));
}

describe('MessageReader', () => {
  const SHORT = [0, 1, 2, 7].map((length) => patterned(length, length));
  const STREAM = Buffer.concat(SHORT.map((message) => framed(message)));

  it('puts messages together wherever a stream of them is cut in three', () => {
    for (let first = 0; first <= STREAM.length; first += 1) {
      for (let second = first; second <= STREAM.length; second += 1) {
        const { reader, push, messages } = reading();
        for (const piece of cut(STREAM, [first, second])) push(piece);
        expect(areSame(messages, SHORT), `cut at ${first} and ${second}`).toBe(true);
        expect(reader.atBoundary).toBe(true);
      }
    }
  });

  it.each([COPY_LIMIT - 1, COPY_LIMIT, COPY_LIMIT + 1])(
    'reads messages of %i bytes wherever they are cut',
    (length) => {
      const messages = [patterned(length, 1), patterned(length, 2)];
      const stream = Buffer.concat(messages.map((message) => framed(message)));
      for (const near of [0, 5, length + 5, length + 10, stream.length]) {
        for (let at = Math.max(0, near - 6); at <= Math.min(stream.length, near + 6); at += 1) {
          const read = reading();
          for (const piece of cut(stream, [at])) read.push(piece);
          expect(areSame(read.messages, messages), `cut at ${at}`).toBe(true);
        }
      }
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('reads any messages cut anyhow (seed %i)', (seed) => {
    const random = randomOf(seed);
    const upTo = (max: number): number => Math.floor(random() * (max + 1));
    for (let round = 0; round < 50; round += 1) {
      const sent = Array.from({ length: upTo(8) }, (_, i) =>
        patterned(random() < 0.2 ? upTo(3 * COPY_LIMIT) : upTo(12), i),
      );
      const flags = sent.map(() => random() < 0.5);
      const stream = Buffer.concat(sent.map((message, i) => framed(message, flags[i])));
      const cuts = Array.from({ length: upTo(20) }, () => upTo(stream.length));
      const { reader, push, messages, compressed } = reading();
      for (const piece of cut(stream, cuts)) push(piece);
      expect(areSame(messages, sent)).toBe(true);
      expect(compressed).toEqual(flags);
      expect(reader.atBoundary).toBe(true);
    }
  });

  it('is at no boundary while a prefix or a message is cut', () => {
    const stream = framed(patterned(3));
    for (let at = 1; at < stream.length; at += 1) {
      const { reader, push } = reading();
      push(stream.subarray(0, at));
      expect(reader.atBoundary, `after ${at} bytes`).toBe(false);
    }
  });

  it('copies a small message, so that it keeps no chunk alive', () => {
    const { push, messages } = reading();
    const stream = framed(patterned(COPY_LIMIT));
    const chunk = Buffer.alloc(64 * 1024);
    push(chunk.subarray(stream.copy(chunk) - stream.length, stream.length));
    chunk.fill(0xff);
    expect(areSame(messages, [patterned(COPY_LIMIT)])).toBe(true);
  });

  it('hands over a small message without a copy where it is alone in its chunk', () => {
    const { push, messages } = reading();
    const chunk = framed(patterned(COPY_LIMIT));
    push(chunk);
    expect(messages[0]!.buffer).toBe(chunk.buffer);
  });

  it('copies a small message that comes in pieces', () => {
    const { push, messages } = reading();
    const chunk = framed(patterned(100));
    push(chunk.subarray(0, 50));
    push(chunk.subarray(50));
    chunk.fill(0xff);
    expect(messages).toEqual([patterned(100)]);
  });

  it('copies a prefix that is cut', () => {
    const { push, messages } = reading();
    const chunk = framed(patterned(3));
    const first = Buffer.from(chunk.subarray(0, 4));
    push(first);
    first.fill(0xff);
    push(chunk.subarray(4));
    expect(messages).toEqual([patterned(3)]);
  });

  it('hands over a large message without a copy where it came in one piece', () => {
    const { push, messages } = reading();
    const chunk = framed(patterned(COPY_LIMIT + 1));
    push(chunk);
    expect(messages[0]!.buffer).toBe(chunk.buffer);
  });

  it('takes a message as long as the limit', () => {
    const { push, messages, tooLong } = reading(10);
    push(framed(patterned(10)));
    expect(messages).toHaveLength(1);
    expect(tooLong).toEqual([]);
  });

  it('stops at the prefix of a message that is longer, whatever comes behind it', () => {
    const { push, messages, tooLong } = reading(10);
    push(Buffer.concat([framed(patterned(1)), framed(patterned(11)), framed(patterned(1))]));
    push(framed(patterned(2)));
    expect(messages).toEqual([patterned(1)]);
    expect(tooLong).toEqual([11]);
  });

  it('takes no message but the empty one where the limit is 0', () => {
    const { push, messages, tooLong } = reading(0);
    push(Buffer.concat([framed(Buffer.alloc(0)), framed(patterned(1))]));
    expect(messages).toHaveLength(1);
    expect(tooLong).toEqual([1]);
  });

  it('has no limit where that is negative', () => {
    const { reader, push, tooLong } = reading(-1);
    push(Buffer.from('00ffffffff', 'hex'));
    expect(tooLong).toEqual([]);
    expect(reader.atBoundary).toBe(false);
  });

  // Was a bug: each piece was kept as a Buffer of its own, 100 bytes for one.
  it('needs no more memory for a message that comes byte by byte than a few times its length', async () => {
    const length = 512 * 1024;
    const { push, messages } = reading();
    const byte = Buffer.from([7]);
    push(framed(Buffer.alloc(length)).subarray(0, 5));
    const before = await memoryUsed();
    for (let i = 1; i < length; i += 1) push(byte);
    const after = await memoryUsed();
    push(byte);
    expect(messages).toHaveLength(1);
    expect(after - before).toBeLessThan(8 * length);
  });

  it('takes what room there is, never more than a message has bytes, and gives up without', () => {
    const message = patterned(1000);
    const [beginning, end] = [framed(message).subarray(0, 505), framed(message).subarray(505)];

    const plenty = reading(MiB, 1000);
    plenty.push(beginning);
    expect(plenty.room).toBe(0);
    plenty.push(end);
    expect(plenty.messages).toEqual([message]);

    const tight = reading(MiB, 900);
    tight.push(framed(message).subarray(0, 105));
    expect(tight.room).toBe(700);
    tight.push(message.subarray(100, 400));
    expect(tight.room).toBe(100);
    tight.push(message.subarray(400, 800));
    expect(tight.hasNoRoom).toBe(false);
    tight.push(message.subarray(800));
    expect(tight).toMatchObject({ hasNoRoom: true, messages: [] });

    const none = reading(MiB, 0);
    none.push(beginning);
    expect(none.hasNoRoom).toBe(true);
    none.push(end);
    expect(none.messages).toEqual([]);
  });
});
