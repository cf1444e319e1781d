import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Milliseconds without progress after which any new connection may displace a handshake. */
const STALLED_MS = 1000;

/**
 * Limit in milliseconds, in place of `STALLED_MS`, for the stage `unidentified` if the largest address group
 * has at least two handshakes more than the group of the new connection.
 */
const OUTNUMBERED_STALLED_MS = 250;

/** Progress of a handshake: the magic is awaited (`unidentified`), or a handshaker runs. */
type Stage = 'unidentified' | 'identified';

/** One connection in its handshake. */
export interface Handshake {
  /** The stream to destroy: the accepted socket, or the TLS stream on it once TLS is done. */
  stream: Duplex;
  /** Address group of the client; see `addressGroup`. */
  readonly address: string;
}

interface Entry extends Handshake {
  readonly endpoints: string;
  stage: Stage;
  /** Time at which the stage was reached. Bytes do not reset it: a client could send one at a time. */
  since: number;
}

/** Handshakes of one address group; each set is in the order in which they reached its stage. */
type Group = Record<Stage, Set<Entry>>;

/**
 * The handshakes in progress, by address group. At a limit, selects the one that a new connection
 * displaces: the oldest of the largest group. Silent connections of one address therefore never keep
 * out clients of other addresses, and many clients behind one NAT are not limited to a share.
 *
 * Connections without an address (Unix sockets, other streams) are not listed: they have no group.
 */
export class Handshakes {
  readonly #groups = new Map<string, Group>();
  readonly #byStream = new WeakMap<Duplex, Entry>();
  /** Finds the entry of a TLS stream by its addresses and ports: Node does not expose the socket below it. */
  readonly #byEndpoints = new Map<string, Entry>();

  /** The streams of all handshakes. */
  *streams(): Iterable<Duplex> {
    for (const group of this.#groups.values()) {
      for (const stage of Object.values(group)) for (const { stream } of stage) yield stream;
    }
  }

  /** A connection of the address group `address` was accepted. */
  begin(socket: Duplex, address: string): void {
    const endpoints = endpointsOf(socket);
    const entry: Entry = {
      stream: socket,
      address,
      endpoints,
      stage: 'unidentified',
      since: now(),
    };
    this.#byStream.set(socket, entry);
    this.#byEndpoints.set(endpoints, entry);
    let group = this.#groups.get(address);
    if (group === undefined) {
      group = { unidentified: new Set(), identified: new Set() };
      this.#groups.set(address, group);
    }
    group.unidentified.add(entry);
  }

  /** TLS is done: `stream` replaces the socket below it. */
  secured(stream: Duplex): void {
    const entry = this.#byEndpoints.get(endpointsOf(stream));
    if (entry === undefined) return;
    entry.stream = stream;
    this.#byStream.set(stream, entry);
    this.#reach(entry, 'unidentified');
  }

  /** The magic of `stream` was read; its handshaker runs. */
  identified(stream: Duplex): void {
    const entry = this.#byStream.get(stream);
    if (entry !== undefined) this.#reach(entry, 'identified');
  }

  /** The handshake on `stream` is over, or its connection has closed. Idempotent. */
  end(stream: Duplex): void {
    const entry = this.#byStream.get(stream);
    if (entry === undefined) return;
    const group = this.#groups.get(entry.address);
    group?.[entry.stage].delete(entry);
    if (group !== undefined && sizeOf(group) === 0) this.#groups.delete(entry.address);
    if (this.#byEndpoints.get(entry.endpoints) === entry) this.#byEndpoints.delete(entry.endpoints);
  }

  /** The handshake that a new connection of `address` may displace; undefined if there is none. */
  toMakeRoomFor(address: string | undefined): Handshake | undefined {
    const largest = this.#largestGroup();
    if (largest === undefined) return undefined;
    const own = address === undefined ? undefined : this.#groups.get(address);
    const isOutnumbered = sizeOf(largest) > sizeOf(own) + 1;
    const stalledMs = isOutnumbered ? OUTNUMBERED_STALLED_MS : STALLED_MS;
    return oldest(largest.unidentified, stalledMs) ?? oldest(largest.identified, STALLED_MS);
  }

  /** Moves the entry to the end of the set of `stage`. */
  #reach(entry: Entry, stage: Stage): void {
    const group = this.#groups.get(entry.address);
    if (!group?.[entry.stage].delete(entry)) return;
    entry.stage = stage;
    entry.since = now();
    group[stage].add(entry);
  }

  #largestGroup(): Group | undefined {
    let largest: Group | undefined;
    for (const group of this.#groups.values()) {
      if (sizeOf(group) > sizeOf(largest)) largest = group;
    }
    return largest;
  }
}

function now(): number {
  return performance.now();
}

function sizeOf(group: Group | undefined): number {
  return group === undefined ? 0 : group.unidentified.size + group.identified.size;
}

function oldest(entries: Set<Entry>, stalledMs: number): Entry | undefined {
  for (const entry of entries) return now() - entry.since >= stalledMs ? entry : undefined;
  return undefined;
}

function endpointsOf(stream: Duplex): string {
  const { remoteAddress, remotePort, localAddress, localPort } = stream as Partial<Socket>;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
