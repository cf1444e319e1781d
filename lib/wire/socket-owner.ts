import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Bun and Deno have their own sockets, whose chunks may share memory. */
const isNode = !('Bun' in globalThis) && !('Deno' in globalThis);

/** Who may have views of the chunks of a socket: nobody but its reader in this package, or the application too. */
type SocketOwner = 'package' | 'application';

const owners = new WeakMap<Duplex, SocketOwner>();

/**
 * Declares that this package alone reads from `socket`: it has accepted or dialed it, or was given it for good.
 * The memory of its chunks is then freed after they were read. Has no effect for streams other than the sockets
 * of `node:net` and `node:tls`, and for those of the application.
 */
export function ownSocket(socket: Duplex): void {
  if (isNode && socket instanceof Socket && !owners.has(socket)) owners.set(socket, 'package');
}

/** Declares that the application made `socket`, and may know its chunks: their memory is never freed. */
export function lendSocket(socket: Duplex): void {
  if (socket instanceof Socket) owners.set(socket, 'application');
}

/** Whether this package alone reads from `socket`. */
export function isOwnSocket(socket: Duplex): boolean {
  return owners.get(socket) === 'package';
}
