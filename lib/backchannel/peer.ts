import type { Duplex } from 'node:stream';
import type { PeerCertificate } from 'node:tls';
import type { ConnectionInfo } from '../grpc/index.js';
import type { PeerIdentity } from './authorization.js';
import { isMagic, MAGIC_LENGTH } from '../listenmux/index.js';
import { showValue } from '../options/index.js';
import type { ClientConn } from './client-conn.js';
import { UnknownPeerError } from './errors.js';

/** Identifies a peer for as long as it is connected; grows monotonically and is never reused. Go: `backchannel.ID`. */
export type PeerId = number;

/**
 * Why a peer is no longer there.
 *
 * - `left`: it said in order that it goes.
 * - `replaced`: this side asked it to make a new connection, because of the age of this one
 *   (`grpc.max_connection_age_ms`) or for want of calls (`grpc.max_connection_idle_ms`), and it went in
 *   order. With `engine: 'grpc-js'` it `left`: the server of grpc-js does not tell.
 * - `lost`: the connection ended without a word, as when the process of the peer is killed, or broke, or
 *   the peer did not answer, or it broke the protocol; `error` says how.
 * - `closed`: `peer.close({ reason })`.
 * - `shutdown`: this side stops serving.
 */
export type Departure =
  | { readonly cause: 'left' }
  | { readonly cause: 'replaced' }
  | { readonly cause: 'lost'; readonly error: Error }
  | { readonly cause: 'closed'; readonly reason?: string | undefined }
  | { readonly cause: 'shutdown' };

/** What carries a peer. */
export interface PeerLink {
  /** Its addresses, certificate and traffic. */
  readonly connection: ConnectionInfo;
  /** Streams of its session that are open. */
  readonly openStreams: number;
  /** Opens a stream of bytes to the peer; absent if the link has none, as in tests. */
  openStream?(): Promise<Duplex>;
  /** Ends it, whatever the other end does. Idempotent; never rejects. */
  close(departure: Departure): Promise<void>;
  /** The registry has it no more: it is to end in order, within a limited time. Idempotent. */
  depart?(departure: Departure): void;
}

/** Options of `Peer.close`. */
export interface PeerCloseOptions {
  /**
   * For the other end, which logs it, and for `departure.reason`. It is sent as text of 1024 bytes at
   * most. Default: none.
   */
  reason?: string | undefined;
}

/** The other end of a multiplexed connection, as the listening side sees it. */
export class Peer {
  /** When it was registered. */
  readonly connectedAt = new Date();
  /** The certificate that it proved to own by mutual TLS; undefined without, or if it was not verified. */
  readonly certificate: PeerCertificate | undefined;
  /** Name of the peer, `identity.name`; undefined if `authorizePeer` gave none. */
  readonly name: string | undefined;
  readonly #link: PeerLink | undefined;

  /**
   * @param backchannel - what to call it with.
   * @param link - the connection of the peer; none in tests.
   */
  constructor(
    /** Under which the registry has it. */
    readonly id: PeerId,
    readonly backchannel: ClientConn,
    /** Who the peer is, by the answer of `authorizePeer`. */
    readonly identity: PeerIdentity = {},
    link?: PeerLink,
  ) {
    this.name = identity.name;
    this.#link = link;
    // Nobody can tell it any more when the connection is closed.
    this.certificate = link?.connection.certificate;
  }

  /** Its IP address; undefined where the connection has none. */
  get remoteAddress(): string | undefined {
    return this.#link?.connection.addresses.remoteAddress;
  }

  /** Its port; undefined where the connection has none. */
  get remotePort(): number | undefined {
    return this.#link?.connection.addresses.remotePort;
  }

  /** Bytes of its connection that came in, multiplexing included; under TLS, what was in it. */
  get bytesRead(): number {
    return this.#link?.connection.bytesRead ?? 0;
  }

  /** Bytes of its connection that were sent, multiplexing included; under TLS, what was in it. */
  get bytesWritten(): number {
    return this.#link?.connection.bytesWritten ?? 0;
  }

  /** Streams of its session: one for each direction in which calls are made. */
  get openStreams(): number {
    return this.#link?.openStreams ?? 0;
  }

  /**
   * A stub of one of its services, whose methods return observables; `backchannel.getService(name)`.
   *
   * @throws BackchannelError `ERR_BACKCHANNEL_NO_SERVICES` if the services of peers were not declared.
   */
  getService<T extends object>(name: string): T {
    return this.backchannel.getService<T>(name);
  }

  /**
   * Opens a stream of bytes beside the calls, to the handshaker of the dialing side that has `magic`
   * (`ClientHandshakerOptions.streamHandshakers`). A dialing side without it resets the stream. The stream ends
   * with the connection.
   *
   * @param magic - 11 bytes of ASCII, sent first.
   * @throws TypeError (as a rejection) for a bad magic; UnknownPeerError if the peer has gone.
   */
  async openStream(magic: string): Promise<Duplex> {
    if (!isMagic(magic)) {
      throw new TypeError(
        `peer.openStream: the magic must be ${MAGIC_LENGTH} bytes of ASCII, not ${showValue(magic)}`,
      );
    }
    const open = this.#link?.openStream;
    if (open === undefined) throw new UnknownPeerError(this.id);
    const stream = await open.call(this.#link).catch((cause: unknown) => {
      throw new UnknownPeerError(this.id, { cause });
    });
    stream.write(magic, 'latin1');
    return stream;
  }

  /** @internal The registry has it no more. */
  depart(departure: Departure): void {
    this.#link?.depart?.(departure);
  }

  /**
   * Ends its connection, whatever the other end does: no call of it begins any more, and calls under way,
   * in both directions, end with UNAVAILABLE. The other end has a second to take what was sent. A
   * dialing side of this package connects again. Idempotent; resolves when the connection is closed.
   *
   * Options that are wrong are ignored, with a warning of the process that names the remedy: a mistake
   * must neither keep a peer connected nor end the process by a rejection that nobody handles.
   */
  async close(options: PeerCloseOptions = {}): Promise<void> {
    const problem = problemOf(options);
    if (problem !== undefined) {
      process.emitWarning(`peer.close: ${problem}`, { code: 'ERR_BACKCHANNEL_OPTION' });
    }
    const reason = problem === undefined ? options.reason : undefined;
    if (this.#link === undefined) this.backchannel.close();
    else await this.#link.close({ cause: 'closed', reason });
  }
}

/** The problem with the options of `Peer.close`; undefined if there is none. */
function problemOf(options: unknown): string | undefined {
  if (typeof options === 'string') {
    return 'the reason is an option: write peer.close({ reason }) instead of peer.close(reason)';
  }
  if (typeof options !== 'object' || options === null) {
    return `options must be an object such as { reason: 'it moved' }, not ${String(options)}`;
  }
  const unknown = Object.keys(options).find((name) => name !== 'reason');
  if (unknown !== undefined) return `"${unknown}" is not an option; the only one is "reason"`;
  const { reason } = options as PeerCloseOptions;
  if (reason === undefined || typeof reason === 'string') return undefined;
  return `"reason" must be a string, not ${String(reason)} (${typeof reason})`;
}
