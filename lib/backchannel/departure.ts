import type { GoAway } from '../grpc/index.js';

/**
 * Why a peer disconnected.
 *
 * - `left`: the peer announced its departure before it left.
 * - `replaced`: this side asked it to make a new connection, because this one is too old
 *   (`grpc.max_connection_age_ms`) or has no calls (`grpc.max_connection_idle_ms`), and the peer left
 *   gracefully. With `engine: 'grpc-js'` the cause is `left`: the server of grpc-js does not report such
 *   requests.
 * - `lost`: the connection ended without an announcement (for example because the process of the peer was
 *   killed), the connection broke, the peer did not answer, or it violated the protocol; `error` tells
 *   which.
 * - `closed`: `peer.close({ reason })`. `reconnectAfterMs` is the time for which the peer is to stay away.
 * - `shutdown`: this side stops serving.
 */
export type Departure =
  | { readonly cause: 'left' }
  | { readonly cause: 'replaced' }
  | { readonly cause: 'lost'; readonly error: Error }
  | {
      readonly cause: 'closed';
      readonly reason?: string | undefined;
      /** Milliseconds for which the peer was asked to stay away. */
      readonly reconnectAfterMs?: number | undefined;
    }
  | { readonly cause: 'shutdown' };

/** Decides the cause of a peer's departure, from its announcement and the request of this side. */
export class DepartureDecision {
  #announced: 'by nobody' | 'by this side' | 'by the peer' | 'by both' = 'by nobody';

  /** Records that the peer announced that it leaves. */
  peerAnnounced(): void {
    if (this.#announced === 'by nobody') this.#announced = 'by the peer';
    else if (this.#announced === 'by this side') this.#announced = 'by both';
  }

  /** Records that this side asks the peer to make a new connection. */
  askedForNewConnection(): void {
    if (this.#announced === 'by nobody') this.#announced = 'by this side';
  }

  /** The departure if the session ends gracefully. */
  get graceful(): Departure {
    const isAsked = this.#announced === 'by this side' || this.#announced === 'by both';
    return { cause: isAsked ? 'replaced' : 'left' };
  }

  /**
   * The departure if the session ends with `error`; undefined if it ended gracefully. A peer that announced its departure has left, even if its
   * connection broke afterwards.
   */
  atEnd(error: Error | undefined): Departure {
    const hasAnnounced = this.#announced === 'by the peer' || this.#announced === 'by both';
    return error === undefined || hasAnnounced ? this.graceful : { cause: 'lost', error };
  }
}

/** GOAWAY messages of servers that end an old or unused stream with NO_ERROR, but continue to serve. */
const NO_FAREWELL = new Set(['max_age', 'max_idle']);

/** Whether `goAway` announces a departure: the other end accepts no more calls on any stream. */
export function isFarewell(goAway: GoAway | undefined): boolean {
  return goAway !== undefined && goAway.code === 0 && !NO_FAREWELL.has(goAway.message);
}
