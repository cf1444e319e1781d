import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressGroup } from './address-group.js';
import { ListenMuxError } from './errors.js';
import type { ListenMuxLimits } from './listen-mux-limits.js';

/**
 * Decides which connections may come in: the one that is too much is always the new one. Counts them
 * from when they are accepted to when they are closed.
 *
 * Under TLS a connection is two streams: the socket that was accepted, and what is secured on it. The
 * first is admitted, the second established; whoever is admitted and not established shakes hands.
 */
export class ConnectionLimits {
  readonly #limits: ListenMuxLimits;
  readonly #onClose: () => void;
  readonly #byAddress = new Map<string, number>();
  #admitted = 0;
  #established = 0;

  /** @param onClose - told when a connection that was counted is counted no more. */
  constructor(limits: ListenMuxLimits, onClose: () => void) {
    this.#limits = limits;
    this.#onClose = onClose;
  }

  /** Connections that are open. */
  get connectionCount(): number {
    return this.#admitted;
  }

  /** Those of them that are not established. */
  get handshakeCount(): number {
    return this.#admitted - this.#established;
  }

  /** Counts a connection that was accepted, unless it is too much: then why. */
  admit(socket: Duplex): ListenMuxError | undefined {
    const { remoteAddress } = socket as Partial<Socket>;
    const address = remoteAddress === undefined ? undefined : addressGroup(remoteAddress);
    const refusal = this.#refusalOf(address);
    if (refusal !== undefined || socket.closed) return refusal;
    this.#admitted += 1;
    this.#countAddress(address, 1);
    socket.once('close', () => {
      this.#admitted -= 1;
      this.#countAddress(address, -1);
      this.#onClose();
    });
    return undefined;
  }

  /** `stream`, a connection that was admitted or what was secured on one, shakes hands no more. */
  establish(stream: Duplex): void {
    if (stream.closed) return;
    this.#established += 1;
    stream.once('close', () => {
      this.#established -= 1;
      this.#onClose();
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
      return new ListenMuxError(
        'ERR_LISTENMUX_TOO_MANY_CONNECTIONS',
        `${maxConnections} connections are open ("maxConnections")`,
      );
    }
    if (this.handshakeCount >= maxHandshakes) {
      return new ListenMuxError(
        'ERR_LISTENMUX_TOO_MANY_HANDSHAKES',
        `${maxHandshakes} connections shake hands ("maxHandshakes")`,
      );
    }
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
