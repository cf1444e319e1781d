import { MAX_TIMEOUT_MS } from '../options/index.js';

/**
 * Calls `listener` in `ms` milliseconds. Never, if that is longer than Node's timers keep (24 days):
 * they would call it at once.
 *
 * @returns a function that stops it.
 */
export function setLongTimer(ms: number, listener: () => void): () => void {
  if (ms > MAX_TIMEOUT_MS) return () => {};
  const timer = setTimeout(listener, ms);
  return () => clearTimeout(timer);
}
