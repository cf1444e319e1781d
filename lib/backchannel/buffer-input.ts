import type { Duplex } from 'node:stream';

/**
 * Maximum number of bytes that are buffered. Before a client knows our settings, grpc-js and Go send a few
 * hundred bytes, and this package at most 120 KiB, even of the smallest messages (`http2/protocol/early.ts`).
 */
const MAX_HELD_BYTES = 128 * 1024;

/** Initial size of the buffer in bytes. */
const FIRST_ROOM = 1024;

/**
 * Reads and buffers the input of a socket that has no reader yet. A socket reports the end of the
 * connection only after all its input was read. The input is copied into one buffer: otherwise a socket
 * keeps a separate buffer of some hundred bytes for each byte that arrives alone.
 *
 * @param onGone - called when the other end has ended the connection or its half of it, with the error, if
 * any; or when it has sent more than 128 KiB and the connection must be closed.
 * @returns a function that stops the buffering and puts the input back into the socket.
 */
export function bufferInput(socket: Duplex, onGone: (error?: Error) => void): () => void {
  let held = Buffer.alloc(0);
  let bytes = 0;

  const onReadable = (): void => {
    // From Node 26 on, `read()` returns one chunk, not all of the available input.
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

/** Returns a buffer that has the first `used` bytes of `held`, and room for `more` bytes. */
function withRoom(held: Buffer<ArrayBuffer>, used: number, more: number): Buffer<ArrayBuffer> {
  if (used + more <= held.length) return held;
  const doubled = Math.min(MAX_HELD_BYTES, Math.max(FIRST_ROOM, 2 * held.length));
  const larger = Buffer.allocUnsafeSlow(Math.max(doubled, used + more));
  held.copy(larger, 0, 0, used);
  return larger;
}
