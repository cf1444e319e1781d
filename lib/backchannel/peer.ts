import type { PeerCertificate } from 'node:tls';
import type { ConnectionInfo } from '../grpc/index.js';
import type { ClientConn } from './client-conn.js';

/** Identifies a peer for as long as it is connected; grows monotonically and is never reused. Go: `backchannel.ID`. */
export type PeerId = number;

/**
 * Why a peer is no longer there.
 *
 * - `left`: it closed its connection, or its process ended.
 * - `lost`: the connection broke, the peer did not answer, or it broke the protocol; `error` says how.
 * - `closed`: `peer.close(reason)`.
 * - `shutdown`: this side stops serving.
 */
export type Departure =
  | { readonly cause: 'left' }
  | { readonly cause: 'lost'; readonly error: Error }
  | { readonly cause: 'closed'; readonly reason?: string | undefined }
  | { readonly cause: 'shutdown' };

/** What carries a peer. */
export interface PeerLink {
  /** Its addresses, certificate and traffic. */
  readonly connection: ConnectionInfo;
  /** Streams of its session that are open. */
  readonly openStreams: number;
  /** Ends it. Idempotent; never rejects. */
  close(departure: Departure): Promise<void>;
}

/** The other end of a multiplexed connection, as the listening side sees it. */
export class Peer {
  /** When it was registered. */
  readonly connectedAt = new Date();
  /** The certificate that it proved to own by mutual TLS; undefined without, or if it was not verified. */
  readonly certificate: PeerCertificate | undefined;
  readonly #link: PeerLink | undefined;

  /**
   * @param backchannel - what to call it with.
   * @param name - what `authorizePeer` says it is called.
   * @param link - what carries it; none in tests.
   */
  constructor(
    /** Under which the registry has it. */
    readonly id: PeerId,
    readonly backchannel: ClientConn,
    readonly name?: string,
    link?: PeerLink,
  ) {
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
   * Ends its connection: calls under way, in both directions, end with UNAVAILABLE. A dialing side of
   * this package connects again. Idempotent; resolves when the connection is closed, never rejects.
   *
   * @param reason - for the `departure` that `Registry.peers$` tells.
   */
  async close(reason?: string): Promise<void> {
    if (this.#link === undefined) this.backchannel.close();
    else await this.#link.close({ cause: 'closed', reason });
  }
}
