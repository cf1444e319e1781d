import { deflateSync, gzipSync } from 'node:zlib';
import type { Compression, Content } from './step.js';

/** Compressed bodies that were made of late: the same ones come again and again. */
const made = new Map<string, Buffer>();
const MOST_MADE = 200;
/** Bytes that nothing is made larger than. */
const MOST_BYTES = 8 * 1024 * 1024;
const EMPTY_MEMBER = gzipSync(Buffer.alloc(0), { level: 9 });

/** How many names there have been that never come again. */
let names = 0;

/** Body of a message, compressed as it is sent. */
export function bodyOf(content: Content, compression: Compression): Buffer {
  if (content.kind === 'fresh name') return compress(freshName(content.size), compression);
  const key = `${content.kind} ${content.size} ${compression}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  if (made.size > MOST_MADE) made.clear();
  const body = compress(contentOf(content), compression);
  made.set(key, body);
  return body;
}

function compress(body: Buffer, compression: Compression): Buffer {
  switch (compression) {
    case 'gzip':
      return gzipSync(body, { level: 9 });
    case 'deflate':
      return deflateSync(body, { level: 9 });
    case 'members':
      return Buffer.alloc(Math.min(body.length, 60_000), EMPTY_MEMBER);
    case 'twice':
      return gzipSync(gzipSync(body, { level: 9 }), { level: 9 });
    default:
      return body;
  }
}

/** Fields of `Everything` in cost.proto. */
function contentOf({ kind, size: wanted }: Content): Buffer {
  const size = Math.max(0, Math.min(wanted, MOST_BYTES));
  switch (kind) {
    case 'zeros':
      return Buffer.alloc(size);
    case 'bytes':
      return field(1, Buffer.alloc(size, 'x'));
    case 'text':
      return field(3, Buffer.alloc(size, 'a'));
    case 'high text':
      return field(3, Buffer.alloc(size - (size % 4), '\u{1F600}'));
    case 'items':
      return filled(size, Buffer.of(0x12, 0));
    case 'filled items':
      return filled(size, Buffer.of(0x12, 3, 0x0a, 1, 0x61));
    case 'packed':
      return field(4, Buffer.alloc(size, 1));
    case 'varints':
      return filled(size, Buffer.of(0x20, 1));
    case 'labels':
      return filled(size, Buffer.of(0x2a, 0));
    case 'nested':
      return nested(size);
    case 'groups':
      return Buffer.alloc(size, 0x7b);
    case 'unknown':
      return filled(size, Buffer.of(0x7a, 0));
    case 'fresh name':
      return freshName(size);
    case 'random':
      return Buffer.from(
        Array.from({ length: Math.min(size, 65_536) }, (_, i) => (i * 7919) & 255),
      );
  }
}

/** A name that no message had before, of this process or another: of a service, to a health check. */
function freshName(size: number): Buffer {
  names += 1;
  const name = `${names}-${process.pid}-${performance.timeOrigin}-`;
  return field(1, Buffer.from(name.padEnd(Math.min(size, 60_000), 'n')));
}

function filled(size: number, unit: Buffer): Buffer {
  return Buffer.alloc(size - (size % unit.length), unit);
}

function field(number: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | 2), varint(value.length), value]);
}

/** Messages in messages, as deep as `size` bytes go. */
function nested(size: number): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (let depth = 0; depth < 20_000 && length < size; depth += 1) {
    const head = Buffer.concat([Buffer.of(0x32), varint(length)]);
    parts.unshift(head);
    length += head.length;
  }
  return Buffer.concat(parts);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}
