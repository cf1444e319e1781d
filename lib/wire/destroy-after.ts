import type { Duplex } from 'node:stream';

/** Milliseconds that the peer has to read the last bytes and to close, after the bytes were sent. */
export const LINGER_MS = 1000;

/**
 * Destroys `stream` after `ms` milliseconds, unless it closes earlier. Does not keep the process alive.
 *
 * @returns a function that stops the timer.
 */
export function destroyAfter(stream: Duplex, ms: number): () => void {
  const timer = setTimeout(() => stream.destroy(), ms).unref();
  const cancel = (): void => clearTimeout(timer);
  stream.once('close', cancel);
  return cancel;
}
