import type { Duplex } from 'node:stream';

/** Milliseconds that the other end has to read the last bytes, and to close, once they have left. */
export const LINGER_MS = 1000;

/**
 * Destroys `stream` in `ms` milliseconds, unless it closes by itself. Keeps no process alive.
 *
 * @returns a function that lets it be.
 */
export function destroyAfter(stream: Duplex, ms: number): () => void {
  const timer = setTimeout(() => stream.destroy(), ms).unref();
  const cancel = (): void => clearTimeout(timer);
  stream.once('close', cancel);
  return cancel;
}
