import type { Duplex } from 'node:stream';
import type { PeerCertificate } from 'node:tls';
import { MAX_STAY_AWAY_MS, STAY_AWAY_RULE, type ConnectionInfo } from '../grpc/index.js';
import type { PeerIdentity } from './authorize-peer.js';
import { isMagic, MAGIC_LENGTH } from '../listenmux/index.js';
import {
  OptionError,
  showValue,
  text,
  trueOrFalse,
  verifyOptions,
  type Rules,
} from '../options/index.js';
import type { ClientConn } from './client-conn.js';
import type { Departure } from './departure.js';
import { UnknownPeerError } from './errors.js';
import type { ServiceReference } from './service-token.js';

/**
 * Identifies a peer while it is connected. Ids grow monotonically and are never reused. Go:
 * `backchannel.ID`.
 */
export type PeerId = number;

/** Connection and session of a peer. */
export interface PeerLink {
  /** Addresses, certificate and traffic of the connection. */
  readonly connection: ConnectionInfo;
  /** Number of open streams of the session. */
  readonly openStreams: number;
  /** Called once with the peer of the link, before the registry reports it. */
  registered?(peer: Peer): void;
  /** Opens a byte stream to the peer; absent if the link has none, as in tests. */
  openStream?(): Promise<Duplex>;
  /** Ends the connection, even if the other end does not respond. Idempotent; never rejects. */
  close(departure: Departure): Promise<void>;
  /**
   * Called when the registry has removed the peer: ends the connection gracefully, within a time limit.
   * Idempotent.
   */
  depart?(departure: Departure): void;
}

/** Options of `Peer.close`. */
export interface PeerCloseOptions {
  /**
   * Sent to the other end, which logs it, and used as `departure.reason`. Cut after 1024 bytes when sent.
   * Default: none.
   */
  reason?: string | undefined;
  /**
   * Whether the peer may connect again at once. False has it stay away for `reconnectAfterMs`, by default 24
   * hours, the longest time that a dialing side obeys. Default true.
   */
  reconnect?: boolean | undefined;
  /**
   * Milliseconds for which the peer is to stay away, at most 86400000 (24 hours). A dialing side of this
   * package obeys, unless its option `obeyHub` is false; Go ends do not know it. Default: none.
   */
  reconnectAfterMs?: number | undefined;
}

const CLOSE_RULES: Rules<PeerCloseOptions> = {
  reason: text,
  reconnect: trueOrFalse,
  reconnectAfterMs: STAY_AWAY_RULE,
};

/** The other end of a multiplexed connection of the listening side. */
export class Peer {
  /** Time of its registration. */
  readonly connectedAt = new Date();
  /**
   * Certificate that the peer proved to own by mutual TLS; undefined without one, or if it was not
   * verified.
   */
  readonly certificate: PeerCertificate | undefined;
  /** Name of the peer, from `identity.name`; undefined if `authorizePeer` gave none. */
  readonly name: string | undefined;
  readonly #link: PeerLink | undefined;

  /**
   * @param backchannel - connection for calls to the peer.
   * @param link - connection and session of the peer; none in tests.
   */
  constructor(
    /** Id of the peer in the registry. */
    readonly id: PeerId,
    readonly backchannel: ClientConn,
    /** Identity of the peer: the answer of `authorizePeer`. */
    readonly identity: PeerIdentity = {},
    link?: PeerLink,
  ) {
    this.name = identity.name;
    this.#link = link;
    // Read now: a closed connection no longer has the certificate.
    this.certificate = link?.connection.certificate;
  }

  /** IP address of the peer; undefined if the connection has none. */
  get remoteAddress(): string | undefined {
    return this.#link?.connection.addresses.remoteAddress;
  }

  /** Port of the peer; undefined if the connection has none. */
  get remotePort(): number | undefined {
    return this.#link?.connection.addresses.remotePort;
  }

  /** Bytes received on the connection, including multiplexing; with TLS the decrypted bytes. */
  get bytesRead(): number {
    return this.#link?.connection.bytesRead ?? 0;
  }

  /** Bytes sent on the connection, including multiplexing; with TLS the bytes before encryption. */
  get bytesWritten(): number {
    return this.#link?.connection.bytesWritten ?? 0;
  }

  /**
   * Number of open streams of the session: one for each direction with calls, and those of `openStream`.
   */
  get openStreams(): number {
    return this.#link?.openStreams ?? 0;
  }

  /**
   * Returns a stub of a service of the peer, whose methods return observables:
   * `backchannel.getService(service)`.
   *
   * @param service - name of the service, with or without its package; or its token, from which the type of
   * the stub follows.
   * @throws BackchannelError `ERR_BACKCHANNEL_NO_SERVICES` if the services of peers were not declared.
   */
  getService<T extends object>(service: ServiceReference<T>): T {
    return this.backchannel.getService<T>(service);
  }

  /**
   * Opens a byte stream beside the calls, to the handshaker of the dialing side that has `magic`
   * (`ClientHandshakerOptions.streamHandshakers`). A dialing side without such a handshaker resets the
   * stream. The stream ends with the connection.
   *
   * @param magic - 11 bytes of ASCII, sent first.
   * @throws TypeError (as a rejection) for a bad magic; UnknownPeerError if the peer has disconnected.
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

  /** @internal Called when the registry has removed the peer. */
  depart(departure: Departure): void {
    this.#link?.depart?.(departure);
  }

  /**
   * Closes the connection of the peer. No more calls begin, and in-flight calls in both directions end with
   * UNAVAILABLE. The other end has one second to read the sent data. A dialing side of this package
   * connects again, when the options say so. Idempotent; resolves when the connection is closed.
   *
   * Invalid options are ignored with a process warning that names the remedy. A mistake must neither keep a
   * peer connected nor end the process by an unhandled rejection.
   */
  async close(options: PeerCloseOptions = {}): Promise<void> {
    const { reason, reconnect = true, reconnectAfterMs } = validOptions(options);
    if (this.#link === undefined) return this.backchannel.close();
    const afterMs = reconnectAfterMs ?? (reconnect ? undefined : MAX_STAY_AWAY_MS);
    await this.#link.close({
      cause: 'closed',
      reason,
      ...(afterMs !== undefined && { reconnectAfterMs: afterMs }),
    });
  }
}

/** Returns valid options of `Peer.close`; none for invalid ones, after a warning. */
function validOptions(options: PeerCloseOptions): PeerCloseOptions {
  try {
    if (typeof options === 'string') {
      throw new OptionError(
        'peer.close: write peer.close({ reason }) instead of peer.close(reason)',
      );
    }
    return verifyOptions('peer.close', CLOSE_RULES, options);
  } catch (error) {
    process.emitWarning((error as Error).message, { code: 'ERR_BACKCHANNEL_OPTION' });
    return {};
  }
}
