import { LINGER_MS, withTimeout } from '../wire/index.js';
import type { MultiplexSession } from './session-factory.js';

/**
 * Ends a session gracefully: sends the written data, then closes the connection. Destroys the session after
 * `limitMs`, because the other end may read nothing, or grant credit in tiny amounts forever. Resolves
 * after one of these; never rejects.
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
