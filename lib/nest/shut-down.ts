import { within, type StreamServer } from '../grpc/index.js';

/** Default of `drainMs`. */
export const DEFAULT_DRAIN_MS = 10_000;

/**
 * Stops `server`: at once, or with a `drainMs` after its calls have finished or that time is over,
 * whichever comes first.
 */
export async function shutDown(server: StreamServer, drainMs: number | undefined): Promise<void> {
  if (drainMs !== undefined) {
    await within(drainMs, new Promise<void>((resolve) => server.tryShutdown(() => resolve())));
  }
  server.forceShutdown();
}
