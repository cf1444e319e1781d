import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressGroup } from './address-group.js';
import { ListenMuxError, type ListenMuxErrorCode } from './errors.js';
import { Handshakes } from './handshakes.js';
import type { ListenMuxLimits } from './listen-mux-limits.js';

/** Receives the events of `ConnectionLimits`. */
export interface ConnectionLimitsOwner {
  /** An admitted or established stream has closed. */
  onLeft(): void;
  /** A new connection displaces the handshake on `stream`, which must end with `error`. */
  onDisplaced(stream: Duplex, error: ListenMuxError): void;
}

/**
 * Decides which connections are accepted. At `maxConnections` or `maxHandshakes`, a new connection
 * displaces a stalled handshake (see `Handshakes`), or is refused if there is none. At
 * `maxConnectionsPerAddress` it is always refused. Connections that are served are never closed.
 *
 * Counts connections from accept to close. Under TLS a connection has two streams: the accepted socket
 * is admitted, and the TLS stream on it is established. A connection that is admitted and not yet
 * established is in its handshake.
 */
export class ConnectionLimits {
  readonly #limits: ListenMuxLimits;
  readonly #owner: ConnectionLimitsOwner;
  readonly #handshakes = new Handshakes();
  readonly #byAddress = new Map<string, number>();
  readonly #admitted = new Set<Duplex>();
  #established = 0;

  constructor(limits: ListenMuxLimits, owner: ConnectionLimitsOwner) {
    this.#limits = limits;
    this.#owner = owner;
  }

  /** Number of open connections. */
  get connectionCount(): number {
    return this.#admitted.size;
  }

  /** Number of open connections that are not established. */
  get handshakeCount(): number {
    return this.#admitted.size - this.#established;
  }

  /** The open connections, as they were accepted: under TLS the sockets below the TLS streams. */
  connections(): Iterable<Duplex> {
    return this.#admitted;
  }

  /** The connections in their handshake, except those without an address. */
  handshakes(): Duplex[] {
    return [...this.#handshakes.streams()];
  }

  /** Counts an accepted connection. Returns an error if a limit refuses the connection. */
  admit(socket: Duplex): ListenMuxError | undefined {
    const { remoteAddress } = socket as Partial<Socket>;
    const address = remoteAddress === undefined ? undefined : addressGroup(remoteAddress);
    const refusal = this.#refusalOf(address);
    if (refusal !== undefined || socket.closed) return refusal;
    this.#admitted.add(socket);
    this.#countAddress(address, 1);
    if (address !== undefined) this.#handshakes.begin(socket, address);
    // Not by `once`: the wrapper that Node makes for it would stay as long as the connection.
    socket.on('close', () => {
      this.#admitted.delete(socket);
      this.#countAddress(address, -1);
      this.#handshakes.end(socket);
      this.#owner.onLeft();
    });
    return undefined;
  }

  /** `stream` is the TLS stream on an admitted socket; its TLS handshake is done. */
  secured(stream: Duplex): void {
    this.#handshakes.secured(stream);
  }

  /** The magic of `stream` was read. */
  identified(stream: Duplex): void {
    this.#handshakes.identified(stream);
  }

  /** The handshake on `stream`, an admitted socket or the TLS stream on one, is over. */
  establish(stream: Duplex): void {
    if (stream.closed) return;
    this.#handshakes.end(stream);
    this.#established += 1;
    stream.on('close', () => {
      this.#established -= 1;
      this.#owner.onLeft();
    });
  }

  #refusalOf(address: string | undefined): ListenMuxError | undefined {
    const { maxConnections, maxConnectionsPerAddress, maxHandshakes } = this.#limits;
    if (address !== undefined && this.#countOf(address) >= maxConnectionsPerAddress) {
      return new ListenMuxError(
        'ERR_LISTENMUX_TOO_MANY_FROM_ADDRESS',
        `${maxConnectionsPerAddress} connections of ${address} are open ("maxConnectionsPerAddress")`,
      );
    }
    if (this.#admitted.size >= maxConnections) {
      const problem = `${maxConnections} connections are open ("maxConnections")`;
      return this.#makeRoom(address, 'ERR_LISTENMUX_TOO_MANY_CONNECTIONS', problem);
    }
    if (this.handshakeCount >= maxHandshakes) {
      const problem = `${maxHandshakes} connections shake hands ("maxHandshakes")`;
      return this.#makeRoom(address, 'ERR_LISTENMUX_TOO_MANY_HANDSHAKES', problem);
    }
    return undefined;
  }

  /** Displaces a handshake for a new connection. Returns an error if there is none to displace. */
  #makeRoom(
    address: string | undefined,
    code: ListenMuxErrorCode,
    problem: string,
  ): ListenMuxError | undefined {
    const handshake = this.#handshakes.toMakeRoomFor(address);
    if (handshake === undefined) return new ListenMuxError(code, problem);
    this.#handshakes.end(handshake.stream);
    const why = `its handshake made no progress, and ${problem}: a newcomer has its place`;
    this.#owner.onDisplaced(handshake.stream, new ListenMuxError('ERR_LISTENMUX_DISPLACED', why));
    return undefined;
  }

  #countOf(address: string): number {
    return this.#byAddress.get(address) ?? 0;
  }

  #countAddress(address: string | undefined, change: 1 | -1): void {
    if (address === undefined) return;
    const count = this.#countOf(address) + change;
    if (count === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, count);
  }
}
