import { refuseClient } from '../grpc/index.js';
import { endSession } from './end-session.js';
import { onlyStream } from './only-stream.js';
import type { MultiplexSession } from './session-factory.js';

/**
 * Refuses the peer of a new session: sends `text` on the first stream, where the peer expects HTTP/2, and
 * ends the session. Never rejects: the other end may have closed the connection.
 */
export async function refusePeer(session: MultiplexSession, text: string): Promise<void> {
  try {
    refuseClient(await onlyStream(session), text);
    await endSession(session);
  } catch {
    // The other end has already closed the connection.
  }
}
