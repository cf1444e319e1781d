import type { Duplex } from 'node:stream';

/**
 * Bytes that the other end may send before there is an answer: more than HTTP/2 lets it send before it
 * knows our settings, and those of this package, grpc-js and Go send some hundred.
 */
const MAX_HELD_BYTES = 128 * 1024;

/** Bytes that there is room for at first. */
const FIRST_ROOM = 1024;

/**
 * Takes what comes in on a socket that nobody reads yet, and keeps it: a socket does not tell that the
 * other end has gone before all that it sent was read. It is kept in one piece, for a socket would keep
 * each byte that comes by itself as a buffer of its own, of some hundred bytes.
 *
 * @param onGone - the other end has ended the connection, or its half of it, with the error, if any; or
 * it has sent more than 128 KiB, and is to be hung up on.
 * @returns a function that gives the socket back, with all that came still to be read.
 */
export function bufferInput(socket: Duplex, onGone: (error?: Error) => void): () => void {
  let held = Buffer.alloc(0);
  let bytes = 0;

  const onReadable = (): void => {
    // From Node 26 on `read()` gives one piece of those that have come, not all of them at once.
    for (let chunk; (chunk = socket.read() as Buffer | null) !== null;) {
      if (bytes + chunk.length > MAX_HELD_BYTES) {
        socket.off('readable', onReadable);
        onGone(new Error(`it sent more than ${MAX_HELD_BYTES} bytes`));
        return;
      }
      held = withRoom(held, bytes, chunk.length);
      bytes += chunk.copy(held, bytes);
    }
  };
  const onEnd = (): void => onGone();

  socket.on('readable', onReadable);
  socket.on('end', onEnd);
  socket.on('error', onGone);
  socket.on('close', onEnd);
  return () => {
    socket.off('readable', onReadable);
    socket.off('end', onEnd);
    socket.off('error', onGone);
    socket.off('close', onEnd);
    if (bytes > 0 && !socket.readableEnded) socket.unshift(held.subarray(0, bytes));
  };
}

/** `held`, of which `used` bytes are, with room for `more`. */
function withRoom(held: Buffer<ArrayBuffer>, used: number, more: number): Buffer<ArrayBuffer> {
  if (used + more <= held.length) return held;
  const doubled = Math.min(MAX_HELD_BYTES, Math.max(FIRST_ROOM, 2 * held.length));
  const larger = Buffer.allocUnsafeSlow(Math.max(doubled, used + more));
  held.copy(larger, 0, 0, used);
  return larger;
}
