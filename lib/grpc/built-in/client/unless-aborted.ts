import type { Connected } from './connector.js';

/**
 * Settles like `connecting`, but rejects as soon as `signal` aborts, and destroys a connection that is made
 * later.
 */
export function unlessAborted(
  connecting: Promise<Connected>,
  signal: AbortSignal,
): Promise<Connected> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
    connecting.then((connected) => {
      signal.removeEventListener('abort', giveUp);
      if (signal.aborted) connected.stream.destroy();
      else resolve(connected);
    }, reject);
  });
}
