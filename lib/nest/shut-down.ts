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

/** Tells all clients of `server` to go elsewhere; resolves when they have gone, or after `drainMs`. */
export async function drainServer(server: StreamServer, drainMs: number): Promise<void> {
  if (drainMs === 0) return;
  await within(drainMs, new Promise<void>((resolve) => server.tryShutdown(() => resolve())));
}
