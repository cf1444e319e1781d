import { DEFAULT_DRAIN_MS } from '../../backchannel/index.js';
import { type StreamServer } from '../../grpc/index.js';
import { withTimeout } from '../../wire/index.js';
import type { ConnectionOptions } from '../options/options.js';

/** Time limit in milliseconds for in-flight calls at shutdown: `drainMs`, or 0 without `gracefulShutdown`. */
export function drainMsOf({
  gracefulShutdown = true,
  drainMs = DEFAULT_DRAIN_MS,
}: ConnectionOptions): number {
  return gracefulShutdown ? drainMs : 0;
}

/** Drains `server` with GOAWAY. Resolves when all clients have left, or after `drainMs`; at once if 0. */
export async function drainServer(server: StreamServer, drainMs: number): Promise<void> {
  if (drainMs === 0) return;
  await withTimeout(drainMs, new Promise<void>((resolve) => server.tryShutdown(() => resolve())));
}
