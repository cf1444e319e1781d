import { MAX_TIMEOUT_MS } from '../options/index.js';

/**
 * Calls `listener` after `ms` milliseconds. Never calls it if `ms` exceeds the limit of Node's timers (24
 * days): Node would call it at once.
 *
 * @returns a function that stops the timer.
 */
export function setLongTimer(ms: number, listener: () => void): () => void {
  if (ms > MAX_TIMEOUT_MS) return () => {};
  const timer = setTimeout(listener, ms);
  return () => clearTimeout(timer);
}
