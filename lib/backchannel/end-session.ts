import { LINGER_MS, withTimeout } from '../wire/index.js';
import type { MultiplexSession } from './session-factory.js';

/**
 * Ends a session in order: sends what was written, then closes the connection. Cuts it when that takes
 * longer than `limitMs`, whatever the other end does: it may read nothing, or give credit in crumbs for
 * ever. Resolves when the connection is closed; never rejects.
 *
 * @param limitMs - milliseconds. Default 1000.
 */
export async function endSession(
  session: MultiplexSession,
  limitMs: number = LINGER_MS,
): Promise<void> {
  await withTimeout(limitMs, session.close());
  session.destroy();
}
