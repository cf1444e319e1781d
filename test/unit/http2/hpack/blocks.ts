import { ByteWriter } from '../../../../lib/http2/hpack/byte-writer.js';
import type { HpackDecoder, HpackEncoder } from '../../../../lib/http2/hpack/index.js';

/** A header as tests write it: never indexed only where that is said. */
export type Header = readonly [name: string, value: string, neverIndexed?: 'never indexed'];

/** Bytes from hexadecimal digits; blanks do not count. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(/\s/g, ''), 'hex');
}

/** The headers that a block stands for. Fails if that is not all of them. */
export function decode(decoder: HpackDecoder, block: Buffer): Header[] {
  const { headers, complete } = decodeSome(decoder, block);
  if (!complete) throw new Error('the header list was too large');
  return headers;
}

/** The headers that a decoder reports of a block, and whether it said that those were all. */
export function decodeSome(
  decoder: HpackDecoder,
  block: Buffer,
): { headers: Header[]; complete: boolean } {
  const headers: Header[] = [];
  const complete = decoder.decode(block, 0, block.length, (name, value, neverIndexed) =>
    headers.push(neverIndexed ? [name, value, 'never indexed'] : [name, value]),
  );
  return { headers, complete };
}

/** One block, encoded by itself. */
export function encode(
  encoder: HpackEncoder,
  headers: readonly Header[],
  secrets?: ReadonlySet<string>,
): Buffer {
  const out = new ByteWriter(1);
  encoder.encode(flat(headers), out, secrets);
  return out.written();
}

/** Headers as an encoder takes them. */
export function flat(headers: readonly Header[]): string[] {
  return headers.flatMap(([name, value]) => [name, value]);
}

/**
 * What is in a decoder's dynamic table, newest first, by asking for one index after the other. Needs
 * a decoder that reports long lists.
 */
export function tableOf(decoder: HpackDecoder): Header[] {
  const entries: Header[] = [];
  for (let index = 62; ; index++) {
    try {
      entries.push(...decode(decoder, indexed(index)));
    } catch {
      return entries;
    }
  }
}

/** What RFC 7541, 4.1 says that the table of a decoder takes. */
export function tableSizeOf(decoder: HpackDecoder): number {
  return tableOf(decoder).reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
}

/** An indexed field. */
export function indexed(index: number): Buffer {
  return integer(0x80, 7, index);
}

/** A dynamic table size update. */
export function sizeUpdate(size: number): Buffer {
  return integer(0x20, 5, size);
}

/** A literal with a literal name and without Huffman code: `kind` is the bits of its first octet. */
export function literal(kind: number, name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(kind), plainString(name), plainString(value)]);
}

/** Kinds of literals, by their first octet with no index in it. */
export const INSERTED = 0x40;
export const NOT_INDEXED = 0x00;
export const NEVER_INDEXED = 0x10;

/** A string literal without Huffman code. */
export function plainString(text: string): Buffer {
  return Buffer.concat([integer(0, 7, text.length), Buffer.from(text, 'latin1')]);
}

/** An integer, by the pseudocode of RFC 7541, 5.1. */
export function integer(pattern: number, prefixBits: number, value: number): Buffer {
  const max = 2 ** prefixBits - 1;
  if (value < max) return Buffer.of(pattern | value);
  const octets = [pattern | max];
  let rest = value - max;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) + 128);
  return Buffer.from([...octets, rest]);
}
