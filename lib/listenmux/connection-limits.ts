import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressGroup } from './address-group.js';
import { ListenMuxError, type ListenMuxErrorCode } from './errors.js';
import { Handshakes } from './handshakes.js';
import type { ListenMuxLimits } from './listen-mux-limits.js';

/** Who is told of connections that are counted. */
export interface ConnectionLimitsOwner {
  /** A connection is counted no more, or no more as one that shakes hands. */
  onLeft(): void;
  /** The handshake on `stream` has to end with `error`: its place is needed. */
  onDisplaced(stream: Duplex, error: ListenMuxError): void;
}

/**
 * Decides which connections may come in. Connections that are served are never closed for others. When
 * the handshakes use up a limit, the longest silent one of the address that has most is closed for the
 * newcomer (`Handshakes`); if there is none, the newcomer is.
 *
 * Counts connections from when they are accepted to when they are closed. Under TLS a connection is two
 * streams: the socket that was accepted, and what is secured on it. The first is admitted, the second
 * established; a connection that is admitted and not established shakes hands.
 */
export class ConnectionLimits {
  readonly #limits: ListenMuxLimits;
  readonly #owner: ConnectionLimitsOwner;
  readonly #handshakes = new Handshakes();
  readonly #byAddress = new Map<string, number>();
  #admitted = 0;
  #established = 0;

  constructor(limits: ListenMuxLimits, owner: ConnectionLimitsOwner) {
    this.#limits = limits;
    this.#owner = owner;
  }

  /** Connections that are open. */
  get connectionCount(): number {
    return this.#admitted;
  }

  /** Those of them that are not established. */
  get handshakeCount(): number {
    return this.#admitted - this.#established;
  }

  /** Connections in their handshake, but for those without an address. */
  handshakes(): Duplex[] {
    return [...this.#handshakes.streams()];
  }

  /** Counts a connection that was accepted, unless it is too much: then why. */
  admit(socket: Duplex): ListenMuxError | undefined {
    const { remoteAddress } = socket as Partial<Socket>;
    const address = remoteAddress === undefined ? undefined : addressGroup(remoteAddress);
    const refusal = this.#refusalOf(address);
    if (refusal !== undefined || socket.closed) return refusal;
    this.#admitted += 1;
    this.#countAddress(address, 1);
    if (address !== undefined) this.#handshakes.begin(socket, address);
    socket.once('close', () => {
      this.#admitted -= 1;
      this.#countAddress(address, -1);
      this.#handshakes.end(socket);
      this.#owner.onLeft();
    });
    return undefined;
  }

  /** `stream` was secured on a socket that was admitted. */
  secured(stream: Duplex): void {
    this.#handshakes.secured(stream);
  }

  /** The first bytes of `stream` were read. */
  identified(stream: Duplex): void {
    this.#handshakes.identified(stream);
  }

  /** `stream`, a connection that was admitted or what was secured on one, shakes hands no more. */
  establish(stream: Duplex): void {
    if (stream.closed) return;
    this.#handshakes.end(stream);
    this.#established += 1;
    stream.once('close', () => {
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
    if (this.#admitted >= maxConnections) {
      const problem = `${maxConnections} connections are open ("maxConnections")`;
      return this.#makeRoom(address, 'ERR_LISTENMUX_TOO_MANY_CONNECTIONS', problem);
    }
    if (this.handshakeCount >= maxHandshakes) {
      const problem = `${maxHandshakes} connections shake hands ("maxHandshakes")`;
      return this.#makeRoom(address, 'ERR_LISTENMUX_TOO_MANY_HANDSHAKES', problem);
    }
    return undefined;
  }

  /** Closes a handshake for the newcomer; returns why the newcomer has to go instead, if none may go. */
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
