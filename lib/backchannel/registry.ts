import { type Observable, Subject } from 'rxjs';
import { inRootContext } from '../context/index.js';
import { anyNumber, text, verifyArgument } from '../options/index.js';
import type { PeerIdentity } from './authorize-peer.js';
import type { ClientConn } from './client-conn.js';
import { UnknownPeerError } from './errors.js';
import type { PeerEvent } from './peer-event.js';
import type { Departure } from './departure.js';
import { Peer, type PeerId, type PeerLink } from './peer.js';
import { waitForPeer, type WaitForPeerOptions } from './wait-for-peer.js';

/** Data of a peer to register. */
export interface PeerRegistration {
  /** Identity of the peer: the answer of `authorizePeer`. Default: empty. */
  identity?: PeerIdentity;
  /** Connection and session of the peer. Default: none, as in tests. */
  link?: PeerLink;
}

/**
 * The connected peers by id, oldest first. Usually each listener has its own registry, but handshakers may
 * share one. Go: `backchannel.Registry`.
 */
export class Registry implements Iterable<Peer> {
  /**
   * Emits every arrival and departure from the subscription on. For peers that are already connected,
   * iterate over the registry. Subscribers run in the root async context, because no call causes these
   * events.
   */
  readonly peers$: Observable<PeerEvent>;
  readonly #peers = new Map<PeerId, Peer>();
  /** Peers by name, oldest first. Names without a peer are removed. */
  readonly #namesakes = new Map<string, Peer[]>();
  readonly #events = new Subject<PeerEvent>();
  /** The event that is being emitted, and events that occurred meanwhile. */
  readonly #untold: PeerEvent[] = [];
  #lastId: PeerId = 0;

  constructor() {
    this.peers$ = this.#events.asObservable();
  }

  /** Number of connected peers. */
  get size(): number {
    return this.#peers.size;
  }

  /** Iterates over all peers, oldest first. */
  [Symbol.iterator](): Iterator<Peer> {
    return this.#peers.values();
  }

  /** Returns the peer with this id, if it is connected. @throws OptionError if `id` is not a number. */
  get(id: PeerId): Peer | undefined {
    verifyArgument('registry.get', 'id', anyNumber, id);
    return this.#peers.get(id);
  }

  /**
   * Returns the peer to which `authorizePeer` gave this name. If several peers have the name, returns the
   * one that connected last: after a reconnect, the old connection of a peer may still be registered.
   *
   * @throws OptionError if `name` is not a string.
   */
  named(name: string): Peer | undefined {
    verifyArgument('registry.named', 'name', text, name);
    return this.namesakesOf(name).at(-1);
  }

  /** @internal Returns the peers with this name, oldest first. */
  namesakesOf(name: string): readonly Peer[] {
    return this.#namesakes.get(name) ?? [];
  }

  /**
   * Returns the connection for calls to a peer.
   *
   * @throws UnknownPeerError if no such peer is connected; OptionError if `id` is not a number.
   */
  backchannel(id: PeerId): ClientConn {
    verifyArgument('registry.backchannel', 'id', anyNumber, id);
    const peer = this.#peers.get(id);
    if (peer === undefined) throw new UnknownPeerError(id);
    return peer.backchannel;
  }

  /**
   * Resolves with a peer that satisfies `predicate`: the oldest connected one, or else the next one that
   * connects.
   *
   * @throws NoPeerError (as a rejection) if there is none within `deadlineMs`; the reason of `signal` when
   * it aborts; errors of `predicate`.
   */
  waitFor(
    predicate: (peer: Peer) => boolean = () => true,
    options: WaitForPeerOptions = {},
  ): Promise<Peer> {
    return waitForPeer(this, predicate, options);
  }

  /** Adds a peer under a new id. Called by `ServerHandshaker`; other code calls it only in tests. */
  registerBackchannel(conn: ClientConn, { identity = {}, link }: PeerRegistration = {}): PeerId {
    this.#lastId += 1;
    const { name } = identity;
    const peer = new Peer(this.#lastId, conn, identity, link);
    this.#peers.set(peer.id, peer);
    link?.registered?.(peer);
    if (name !== undefined) this.#namesakes.set(name, [...this.namesakesOf(name), peer]);
    this.#tell({ type: 'connected', peer });
    return peer.id;
  }

  /**
   * Removes a peer. Its in-flight calls may finish, but its connection ends within the `drainMs` of its
   * handshaker. Otherwise this side would serve a peer that is not in the registry and that nothing can
   * close. Idempotent.
   */
  removeBackchannel(id: PeerId, departure: Departure = { cause: 'left' }): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    this.#peers.delete(id);
    this.#forgetName(peer);
    peer.depart(departure);
    this.#tell({ type: 'disconnected', peer, departure });
  }

  /**
   * Emits events in order: an event that a subscriber causes waits until all subscribers have the current
   * one.
   */
  #tell(event: PeerEvent): void {
    this.#untold.push(event);
    if (this.#untold.length > 1) return;
    try {
      for (const next of this.#untold) inRootContext(() => this.#events.next(next));
    } finally {
      this.#untold.length = 0;
    }
  }

  #forgetName(peer: Peer): void {
    const { name } = peer;
    if (name === undefined) return;
    const others = this.namesakesOf(name).filter((other) => other !== peer);
    if (others.length === 0) this.#namesakes.delete(name);
    else this.#namesakes.set(name, others);
  }
}
