import { type Observable, Subject } from 'rxjs';
import { inRootContext } from '../context/index.js';
import type { PeerIdentity } from './authorization.js';
import type { ClientConn } from './client-conn.js';
import { UnknownPeerError } from './errors.js';
import type { PeerEvent } from './peer-event.js';
import { Peer, type Departure, type PeerId, type PeerLink } from './peer.js';
import { waitForPeer, type WaitForPeerOptions } from './wait-for-peer.js';

/** What is known of a peer that is registered. */
export interface PeerRegistration {
  /** Who the peer is, by the answer of `authorizePeer`. Default: nothing is known. */
  identity?: PeerIdentity;
  /** The connection of the peer. Default: none, as in tests. */
  link?: PeerLink;
}

/**
 * The peers that are connected now, by id, oldest first. One per listener is usual; handshakers may
 * share one. Go: `backchannel.Registry`.
 */
export class Registry implements Iterable<Peer> {
  /**
   * Tells of every arrival and departure from the subscription on. Those who are there already are in
   * the registry itself. Subscribers are told in the root async context: no call is the reason.
   */
  readonly peers$: Observable<PeerEvent>;
  readonly #peers = new Map<PeerId, Peer>();
  /** Peers by name, oldest first; names that nobody has any more are not kept. */
  readonly #namesakes = new Map<string, Peer[]>();
  readonly #events = new Subject<PeerEvent>();
  /** What is being told, and what happened meanwhile. */
  readonly #untold: PeerEvent[] = [];
  #lastId: PeerId = 0;

  constructor() {
    this.peers$ = this.#events.asObservable();
  }

  /** Number of peers. */
  get size(): number {
    return this.#peers.size;
  }

  /** All peers, oldest first. */
  [Symbol.iterator](): Iterator<Peer> {
    return this.#peers.values();
  }

  /** The peer with this id, if it is connected. */
  get(id: PeerId): Peer | undefined {
    return this.#peers.get(id);
  }

  /**
   * The peer whom `authorizePeer` called so. Of several the one that came last: who has reconnected
   * may still seem to be there twice.
   */
  named(name: string): Peer | undefined {
    return this.#namesakes.get(name)?.at(-1);
  }

  /**
   * What to call a peer with.
   *
   * @throws UnknownPeerError if no such peer is connected.
   */
  backchannel(id: PeerId): ClientConn {
    const peer = this.#peers.get(id);
    if (peer === undefined) throw new UnknownPeerError(id);
    return peer.backchannel;
  }

  /**
   * The first peer that `predicate` is true of: one that is connected, or the next to come.
   *
   * @throws NoPeerError (as a rejection) if there was none within `deadlineMs`; the reason of `signal`
   * when it aborts; what `predicate` throws.
   */
  waitFor(
    predicate: (peer: Peer) => boolean = () => true,
    options: WaitForPeerOptions = {},
  ): Promise<Peer> {
    return waitForPeer(this, predicate, options);
  }

  /** Adds a peer under a new id. Called by `ServerHandshaker`; by users only in tests. */
  registerBackchannel(conn: ClientConn, { identity = {}, link }: PeerRegistration = {}): PeerId {
    this.#lastId += 1;
    const { name } = identity;
    const peer = new Peer(this.#lastId, conn, identity, link);
    this.#peers.set(peer.id, peer);
    if (name !== undefined) this.#namesakes.set(name, [...this.#namesakesOf(name), peer]);
    this.#tell({ type: 'connected', peer });
    return peer.id;
  }

  /**
   * Removes a peer. Its calls may finish, but its connection ends within the `drainMs` of its handshaker:
   * nobody is served whom nobody could close. Idempotent.
   */
  removeBackchannel(id: PeerId, departure: Departure = { cause: 'left' }): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    this.#peers.delete(id);
    this.#forgetName(peer);
    peer.depart(departure);
    this.#tell({ type: 'disconnected', peer, departure });
  }

  /** In order, to everybody: what a subscriber sets going is told when all know of what it heard. */
  #tell(event: PeerEvent): void {
    this.#untold.push(event);
    if (this.#untold.length > 1) return;
    try {
      for (const next of this.#untold) inRootContext(() => this.#events.next(next));
    } finally {
      this.#untold.length = 0;
    }
  }

  #namesakesOf(name: string): Peer[] {
    return this.#namesakes.get(name) ?? [];
  }

  #forgetName(peer: Peer): void {
    const { name } = peer;
    if (name === undefined) return;
    const others = this.#namesakesOf(name).filter((other) => other !== peer);
    if (others.length === 0) this.#namesakes.delete(name);
    else this.#namesakes.set(name, others);
  }
}
