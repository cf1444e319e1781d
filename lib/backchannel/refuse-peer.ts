import { refuseClient } from '../grpc/index.js';
import { endSession } from './end-session.js';
import { onlyStream } from './only-stream.js';
import type { MultiplexSession } from './session-factory.js';

/**
 * Refuses the peer of a new session: sends the reason on the first stream, where the peer expects HTTP/2, and
 * ends the session. Never rejects: the other end may have closed the connection.
 */
export async function refusePeer(session: MultiplexSession, reason: string): Promise<void> {
  try {
    refuseClient(await onlyStream(session), reason);
    await endSession(session);
  } catch {
    // The other end has already closed the connection.
  }
}
