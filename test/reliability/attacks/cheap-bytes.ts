import { gzipSync } from 'node:zlib';
import { literals } from '../../fixtures/grpc/raw-request.js';
import { FLAG, frame, number32, TYPE } from '../../fixtures/http2/raw-client.js';
import { inserted, NEWEST } from '../../fixtures/http2/table-fields.js';
import type { Flood } from './flood.js';
import { data, opening, openingBlock } from './frames.js';

/** Bytes of an attack, without the connection that carries them. */
export type CheapBytes = Omit<Flood, 'open'>;

const MiB = 1024 * 1024;
const INITIAL_WINDOW_SIZE = 4;
/** As many values, one for each comma, as the table of HPACK has room for. */
const COMMAS = inserted('x-bin', ','.repeat(4059));
const COMMAS_TIMES = 15;
/** Beyond the limit of headers, and below the limit of their bytes as HTTP/2 counts them. */
const MANY_HEADERS = 1700;
/** Below the limit of headers. */
const SOME_HEADERS = 490;
/** Each character becomes three when it is percent-encoded. */
const LONG_PATH = inserted(':path', `/${'%'.repeat(3900)}`);
/** 5 bytes each, in less than the first window of a stream. */
const EMPTY_MESSAGES = Buffer.alloc(5 * 12_000);
/** What becomes of a message may be 4 MiB: the default of `grpc.max_receive_message_length`. */
const LARGE = 4 * MiB - 16;
/** A header that goes with compressed messages. */
export const GZIP = literals([['grpc-encoding', 'gzip']]);
/** A compressed message of gRPC: `Items` with a text. To a reader of `Blob` it is a field that is skipped. */
export const LARGE_TEXT = compressed(
  Buffer.concat([Buffer.from('12f0ffff01', 'hex'), Buffer.alloc(LARGE, 'a')]),
);
const LARGE_LIST = compressed(Buffer.alloc(LARGE, Buffer.of(0x0a, 0)));

/**
 * Small requests that are dear to receive, unless care is taken. The same on both sides.
 *
 * @param openStreams - below the limit of calls that may be open.
 */
export const cheapBytes = (openStreams: number): readonly CheapBytes[] => [
  {
    what: 'commas in a binary header: 60,000 values in 50 bytes',
    unit: 'calls',
    perSecond: 40,
    make: (i) => headers(i, commaFields(i === 0)),
  },
  repeated('a', MANY_HEADERS),
  repeated('a', SOME_HEADERS),
  repeated('!', SOME_HEADERS),
  {
    what: `settings that change the window of ${openStreams.toLocaleString('en')} streams, paid for with padding`,
    unit: 'frames',
    perSecond: 1000,
    pauseMs: 1000,
    boundMiB: 96,
    make: (i) => (i === 0 ? opened(openStreams) : changedWindow(i)),
  },
  {
    what: 'a text of 4 MiB in 4 KiB of gzip, in calls that do not end',
    unit: 'calls',
    perSecond: 40,
    make: (i) => gzipCall(2 * i + 1, LARGE_TEXT),
  },
  {
    what: 'a list of 2,000,000 items in 4 KiB of gzip, in calls that do not end',
    unit: 'calls',
    perSecond: 4,
    make: (i) => gzipCall(2 * i + 1, LARGE_LIST),
  },
  {
    what: 'a list of 2,000,000 items in 4 KiB of gzip, in whole calls',
    unit: 'calls',
    perSecond: 2,
    boundMiB: 96 + 2 * 136,
    make: (i) => gzipCall(2 * i + 1, LARGE_LIST, FLAG.endStream),
  },
  {
    what: 'unknown methods with a path of 4 KiB in 1 byte',
    unit: 'calls',
    perSecond: 2000,
    mostReplyBytes: 1024,
    make: (i) => unknownPath(2 * i + 1, i === 0 ? LONG_PATH : NEWEST),
  },
  {
    what: 'empty messages that are not read',
    unit: 'calls with 12,000 messages',
    perSecond: 40,
    make: (i) => Buffer.concat([opening(2 * i + 1, 'Hold'), data(2 * i + 1, EMPTY_MESSAGES)]),
  },
];

/**
 * HPACK of 60,000 values.
 *
 * @param isFirst - whether the table of the connection has them not yet.
 */
export function commaFields(isFirst: boolean): Buffer[] {
  return [isFirst ? COMMAS : NEWEST, Buffer.alloc(COMMAS_TIMES - 1, NEWEST[0])];
}

/** HPACK of one header, `times` times. */
export function repeatedFields(name: string, times: number, isFirst: boolean): Buffer[] {
  return [isFirst ? inserted(name, 'b') : NEWEST, Buffer.alloc(times - 1, NEWEST[0])];
}

function repeated(name: string, times: number): CheapBytes {
  return {
    what: `a header of an ${name === '!' ? 'illegal' : 'ordinary'} name, ${times.toLocaleString('en')} times`,
    unit: 'calls',
    perSecond: 200,
    make: (i) => headers(i, repeatedFields(name, times, i === 0)),
  };
}

/** A call without a message, whose header block ends with `fields`. */
function headers(i: number, fields: readonly Buffer[]): Buffer {
  const block = Buffer.concat([openingBlock('Echo'), ...fields]);
  return frame(TYPE.headers, FLAG.endHeaders, 2 * i + 1, block);
}

function opened(count: number): Buffer {
  const ids = Array.from({ length: count }, (_, i) => 2 * i + 1);
  return Buffer.concat(ids.map((id) => opening(id, 'Echo')));
}

/** Other settings, and a frame of DATA that has a byte of padding and nothing else. */
function changedWindow(i: number): Buffer {
  const value = number32(i % 2 === 0 ? 65_535 : 1_000_000);
  return Buffer.concat([
    frame(TYPE.settings, 0, 0, Buffer.concat([Buffer.of(0, INITIAL_WINDOW_SIZE), value])),
    frame(TYPE.data, FLAG.padded, 1, Buffer.of(0)),
  ]);
}

function compressed(content: Buffer): Buffer {
  const body = gzipSync(content, { level: 9 });
  return Buffer.concat([Buffer.of(1), number32(body.length), body]);
}

function gzipCall(id: number, message: Buffer, flags = 0): Buffer {
  const block = Buffer.concat([openingBlock('Count'), GZIP]);
  return Buffer.concat([frame(TYPE.headers, FLAG.endHeaders, id, block), data(id, message, flags)]);
}

function unknownPath(id: number, path: Buffer): Buffer {
  const block = Buffer.concat([
    literals([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':authority', 'here'],
    ]),
    path,
    literals([
      ['te', 'trailers'],
      ['content-type', 'application/grpc'],
    ]),
  ]);
  return frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, id, block);
}
