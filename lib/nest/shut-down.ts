import { within, type StreamServer } from '../grpc/index.js';
import type { ConnectionOptions, StockGrpcOptions } from './options.js';

const DEFAULT_DRAIN_MS = 10_000;

/**
 * Milliseconds that calls have to finish when the application closes: none unless `gracefulShutdown`.
 *
 * @throws TypeError if `drainMs` is not a number of milliseconds.
 */
export function drainMsOf(
  options: Pick<StockGrpcOptions, 'gracefulShutdown'> & Pick<ConnectionOptions, 'drainMs'>,
): number {
  const { gracefulShutdown = false, drainMs = DEFAULT_DRAIN_MS } = options;
  if (!Number.isInteger(drainMs) || drainMs < 0) {
    throw new TypeError(
      `"drainMs" must be a whole number of milliseconds, 0 or more, not ${String(drainMs)}`,
    );
  }
  return gracefulShutdown ? drainMs : 0;
}

/** Stops `server` when its calls have finished, but after `drainMs` at most; with 0 at once. */
export async function shutDown(server: StreamServer, drainMs: number): Promise<void> {
  if (drainMs > 0) {
    await within(drainMs, new Promise<void>((resolve) => server.tryShutdown(() => resolve())));
  }
  server.forceShutdown();
}
