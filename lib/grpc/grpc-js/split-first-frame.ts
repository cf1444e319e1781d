import type { Duplex } from 'node:stream';

/** Length, type, flags and stream id (RFC 9113, 4.1). */
const FRAME_HEADER_BYTES = 9;

/**
 * Has what the other end sends after its first HTTP/2 frame, which is SETTINGS, be read in a later turn.
 *
 * grpc-js (1.14) does not hear a GOAWAY that is read in the same turn: it takes the connection for ready,
 * and begins the calls that wait for it again and again on what takes none, until memory is used up.
 *
 * @returns `stream`.
 */
export function splitFirstFrame<T extends Duplex>(stream: T): T {
  const early = readAll(stream);
  const original = stream.push;
  const push = original.bind(stream);
  let seen = Buffer.alloc(0);

  stream.push = (chunk: Buffer | null) => {
    if (chunk === null) return push(null);
    const begin = seen.length;
    seen = Buffer.concat([seen, chunk]);
    if (seen.length < FRAME_HEADER_BYTES) return push(chunk);
    const end = FRAME_HEADER_BYTES + seen.readUIntBE(0, 3);
    if (seen.length < end) return push(chunk);
    const later: (Buffer | null)[] = [chunk.subarray(end - begin)];
    stream.push = (next: Buffer | null) => later.push(next) > 0;
    setImmediate(() => {
      stream.push = original;
      for (const next of later) stream.push(next);
    });
    return push(chunk.subarray(0, end - begin));
  };
  if (early.length > 0) stream.push(early);
  return stream;
}

/** All that has come. From Node 26 on `read()` gives one piece of it. */
function readAll(stream: Duplex): Buffer {
  const pieces: Buffer[] = [];
  for (let piece; (piece = stream.read() as Buffer | null) !== null;) pieces.push(piece);
  return Buffer.concat(pieces);
}
