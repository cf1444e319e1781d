/**
 * Rethrows an error of a listener on the next tick, with none of our code on the stack. The error becomes
 * an `uncaughtException`, like that of any listener, and the state of the connection stays valid.
 */
export function rethrowOnNextTick(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
