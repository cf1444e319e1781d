import { literals } from '../../fixtures/grpc/raw-request.js';
import { FLAG, frame, number32, PREFACE, TYPE } from '../../fixtures/http2/raw-client.js';

/** What a connection begins with that is to be multiplexed. */
export const MAGIC = Buffer.from('backchannel');

/** What a client says first in HTTP/2. */
export const GREETING = Buffer.concat([PREFACE, frame(TYPE.settings, 0, 0)]);

export const SETTINGS_ACK = frame(TYPE.settings, FLAG.ack, 0);

const CANCEL = 8;
const MAX_DATA = 16_384;

/** Opens a call on stream `id` of HTTP/2, without a message. */
export function opening(id: number, method: string): Buffer {
  return frame(TYPE.headers, FLAG.endHeaders, id, openingBlock(method));
}

/** The header block of a call, in HPACK without its tables. */
export function openingBlock(method: string): Buffer {
  return literals([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', `/reliability.Echoes/${method}`],
    [':authority', 'here'],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
  ]);
}

/** A whole call with so many bytes of data. */
export function wholeCall(id: number, method: string, size = 0): Buffer {
  return Buffer.concat([opening(id, method), data(id, message(size), FLAG.endStream)]);
}

/** DATA frames, as many as it takes; the last one with `flags`. */
export function data(id: number, bytes: Buffer, flags = 0): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += MAX_DATA) {
    const isLast = at + MAX_DATA >= bytes.length;
    frames.push(frame(TYPE.data, isLast ? flags : 0, id, bytes.subarray(at, at + MAX_DATA)));
  }
  return Buffer.concat(frames);
}

export function reset(id: number): Buffer {
  return frame(TYPE.rstStream, 0, id, number32(CANCEL));
}

/** A message of gRPC: `Blob` with so many bytes. */
function message(size: number): Buffer {
  const blob = size === 0 ? [] : [Buffer.from([0x0a]), varint(size), Buffer.alloc(size, 'x')];
  const body = Buffer.concat(blob);
  return Buffer.concat([Buffer.from([0]), number32(body.length), body]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}
