import type { Duplex } from 'node:stream';

/** Bytes that are taken from the socket at most. What it holds itself comes on top. */
const MAX_HELD_BYTES = 64 * 1024;

/**
 * Takes what comes in on a socket that nobody reads yet, and keeps it: a socket does not tell that the
 * other end has gone before all that it sent was read. Who sends more than 64 KiB is read no further.
 *
 * @param onGone - the other end has ended the connection, or its half of it; with the error, if any.
 * @returns a function that gives the socket back, with all that came still to be read.
 */
export function holdInput(socket: Duplex, onGone: (error?: Error) => void): () => void {
  const held: Buffer[] = [];
  let bytes = 0;

  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    held.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_HELD_BYTES) socket.off('readable', onReadable);
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
    if (bytes > 0 && !socket.readableEnded) socket.unshift(Buffer.concat(held));
  };
}
