import type { ClientConn } from './client-conn.js';
import { UnknownPeerError } from './errors.js';

/** Identifies a peer for as long as it is connected; grows monotonically and is never reused. Go: `backchannel.ID`. */
export type PeerId = number;

/**
 * The peers that are connected now, by id. One per listener is usual; handshakers may share one.
 * Go: `backchannel.Registry`.
 */
export class Registry {
  readonly #backchannels = new Map<PeerId, ClientConn>();
  #lastId: PeerId = 0;

  /** Number of peers. */
  get size(): number {
    return this.#backchannels.size;
  }

  /**
   * What to call a peer with.
   *
   * @throws UnknownPeerError if no such peer is connected.
   */
  backchannel(id: PeerId): ClientConn {
    const conn = this.#backchannels.get(id);
    if (conn === undefined) throw new UnknownPeerError(id);
    return conn;
  }

  /** Adds a peer under a new id. Called by `ServerHandshaker`; by users only in tests. */
  registerBackchannel(conn: ClientConn): PeerId {
    this.#lastId += 1;
    this.#backchannels.set(this.#lastId, conn);
    return this.#lastId;
  }

  /** Removes a peer; its connection is not touched. Idempotent. */
  removeBackchannel(id: PeerId): void {
    this.#backchannels.delete(id);
  }
}
