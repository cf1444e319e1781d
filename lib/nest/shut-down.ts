import { drainTimeOf } from '../backchannel/index.js';
import { within, type StreamServer } from '../grpc/index.js';
import type { ConnectionOptions } from './options.js';

/**
 * Milliseconds that calls have to finish when the application closes: none without `gracefulShutdown`.
 *
 * @throws TypeError if `drainMs` is not a number of milliseconds.
 */
export function drainMsOf({ gracefulShutdown = true, drainMs }: ConnectionOptions): number {
  const verified = drainTimeOf(drainMs);
  return gracefulShutdown ? verified : 0;
}

/** Stops `server` when its calls have finished, but after `drainMs` at most; with 0 at once. */
export async function shutDown(server: StreamServer, drainMs: number): Promise<void> {
  if (drainMs > 0) {
    await within(drainMs, new Promise<void>((resolve) => server.tryShutdown(() => resolve())));
  }
  server.forceShutdown();
}
