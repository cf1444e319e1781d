/**
 * Throws what a listener threw, but where nothing of ours is on the stack: it becomes an
 * uncaughtException, as that of any listener does, and the connection stays as it should be.
 */
export function rethrowOnNextTick(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
