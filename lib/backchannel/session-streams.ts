import type { Duplex } from 'node:stream';
import { destroyAfter, LINGER_MS } from '../wire/index.js';
import type { MultiplexSession } from './session-factory.js';

/**
 * Destroys the streams of a session one second after its end. Unread data keeps a stream open, and its
 * reader may have stopped for good, as node:http2 does after an error.
 */
export class SessionStreams {
  readonly #open = new Set<Duplex>();

  constructor(session: MultiplexSession) {
    void session.closed.then(() => {
      for (const stream of this.#open) destroyAfter(stream, LINGER_MS);
    });
  }

  /** Adds a stream that either side has just opened. */
  add(stream: Duplex): void {
    if (stream.closed) return;
    this.#open.add(stream);
    // Not by `once`: the wrapper that Node makes for it would stay as long as the stream.
    stream.on('close', () => this.#open.delete(stream));
  }
}
