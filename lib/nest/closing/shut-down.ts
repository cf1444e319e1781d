import { DEFAULT_DRAIN_MS } from '../../backchannel/index.js';
import { type StreamServer } from '../../grpc/index.js';
import { withTimeout } from '../../wire/index.js';
import type { ConnectionOptions } from '../options/options.js';

/** Milliseconds that calls have to finish when the application closes: none without `gracefulShutdown`. */
export function drainMsOf({
  gracefulShutdown = true,
  drainMs = DEFAULT_DRAIN_MS,
}: ConnectionOptions): number {
  return gracefulShutdown ? drainMs : 0;
}

/** Tells all clients of `server` to go elsewhere; resolves when they have gone, or after `drainMs`. */
export async function drainServer(server: StreamServer, drainMs: number): Promise<void> {
  if (drainMs === 0) return;
  await withTimeout(drainMs, new Promise<void>((resolve) => server.tryShutdown(() => resolve())));
}
