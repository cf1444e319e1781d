import type { Duplex } from 'node:stream';

/** Length, type, flags and stream id (RFC 9113, 4.1). */
const FRAME_HEADER_BYTES = 9;

/**
 * Delays data after the first HTTP/2 frame of the peer, which is SETTINGS, to a later turn of the event
 * loop.
 *
 * grpc-js (1.14) misses a GOAWAY that arrives in the same turn: it treats the connection as ready, and
 * starts its waiting calls again and again on a connection that takes none, until memory is exhausted.
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

/** Reads all buffered data. Since Node 26 `read()` returns it in pieces. */
function readAll(stream: Duplex): Buffer {
  const pieces: Buffer[] = [];
  for (let piece; (piece = stream.read() as Buffer | null) !== null;) pieces.push(piece);
  return Buffer.concat(pieces);
}
