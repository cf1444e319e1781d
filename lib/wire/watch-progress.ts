/**
 * Calls `onStall` once, when `measure()` has stayed the same for `timeoutMs` (to twice that).
 *
 * @returns a function that stops it.
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
