/**
 * Calls `onStall` once, when `measure()` has not changed for `timeoutMs` milliseconds (up to twice that).
 *
 * @returns a function that stops the watch.
 */
export function watchProgress(
  measure: () => number,
  timeoutMs: number,
  onStall: () => void,
): () => void {
  let last = measure();
  const timer = setTimeout(() => {
    const current = measure();
    if (current === last) {
      onStall();
    } else {
      last = current;
      timer.refresh();
    }
  }, timeoutMs).unref();
  return () => clearTimeout(timer);
}
