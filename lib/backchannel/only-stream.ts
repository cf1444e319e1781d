import type { Duplex } from 'node:stream';
import { HandshakeError } from './errors.js';
import type { MultiplexSession } from './session-factory.js';

/**
 * Resolves with the only stream that a dialing side opens; further streams are reset.
 *
 * @throws HandshakeError (as a rejection) if the session ends before.
 */
export function onlyStream(session: MultiplexSession): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    let taken = false;
    session.onStream((stream) => {
      if (taken) return void stream.destroy();
      taken = true;
      session.refuseStreams?.();
      resolve(stream);
    });
    void session.closed.then((cause) => {
      if (taken) return;
      reject(
        new HandshakeError('the connection ended before the client had opened its stream', {
          cause,
        }),
      );
    });
  });
}
