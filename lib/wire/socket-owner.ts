import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/**
 * Whether sockets of this runtime can be owned. Bun and Deno have their own sockets: chunks may share memory,
 * and a write that is done may still use its memory.
 */
export const canOwnSockets = !('Bun' in globalThis) && !('Deno' in globalThis);

/** Owner of the bytes that a socket reads and writes. */
type SocketOwner = 'package' | 'application';

const owners = new WeakMap<Duplex, SocketOwner>();

/**
 * Declares that this package alone uses `socket`: it has accepted or dialed it, or was given it for good. The
 * memory of its chunks is then freed after they were read, and buffers of messages are reused after they were
 * written. Has no effect for streams other than the sockets of `node:net` and `node:tls`, and for those of the
 * application. A subclass is such a stream: its chunks and written bytes may belong to anybody.
 */
export function ownSocket(socket: Duplex): void {
  if (canOwnSockets && isSocketOfNode(socket) && !owners.has(socket)) owners.set(socket, 'package');
}

function isSocketOfNode(stream: Duplex): boolean {
  const prototype: unknown = Object.getPrototypeOf(stream);
  return prototype === Socket.prototype || prototype === TLSSocket.prototype;
}

/**
 * Declares that the application made `socket`, and may know its bytes: their memory is neither freed nor reused.
 */
export function lendSocket(socket: Duplex): void {
  if (socket instanceof Socket) owners.set(socket, 'application');
}

/** Whether this package alone uses `socket`. */
export function isOwnSocket(socket: Duplex): boolean {
  return owners.get(socket) === 'package';
}
