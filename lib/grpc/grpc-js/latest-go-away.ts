import type { Duplex } from 'node:stream';
import type { GoAway } from '../grpc-engine.js';
import { GoAwayFinder } from './go-away-finder.js';

/** A connection of a channel, and the first GOAWAY that it has received. */
interface Connection {
  goAway: GoAway | undefined;
}

/**
 * Finds the GOAWAY of the latest connection of a grpc-js channel. Older connections, which only finish their
 * calls, do not count.
 */
export class LatestGoAway {
  readonly #open = new Set<Connection>();
  #latest: Connection | undefined;
  /** The latest connection when the current attempt began. */
  #before: Connection | undefined;

  /** Undefined if the latest connection has received none. */
  get value(): GoAway | undefined {
    return this.#latest?.goAway;
  }

  /** Follows a new connection, whose output grpc-js will read from `stream`. */
  follow(stream: Duplex): void {
    const connection: Connection = { goAway: undefined };
    this.#open.add(connection);
    this.#latest = connection;
    // The first GOAWAY ends the use of the connection; grpc-js servers send a second one, without text.
    const finder = new GoAwayFinder((goAway) => (connection.goAway ??= goAway));
    const push = stream.push.bind(stream);
    stream.push = (chunk: Buffer | null) => {
      if (chunk !== null) finder.read(chunk);
      return push(chunk);
    };
    stream.once('close', () => this.#forget(connection));
  }

  /** Called when an attempt to connect begins. */
  attemptBegins(): void {
    this.#before = this.#latest;
  }

  /** Called when an attempt to connect has failed: a GOAWAY of the connection before it no longer counts. */
  attemptFails(): void {
    if (this.#latest === this.#before) this.#latest = undefined;
  }

  #forget(connection: Connection): void {
    this.#open.delete(connection);
    if (this.#latest !== connection) return;
    // grpc-js may dial several addresses at once, and closes all connections but the one that it uses.
    for (const other of this.#open) if (other.goAway === undefined) this.#latest = other;
  }
}
