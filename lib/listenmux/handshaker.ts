import type { Duplex } from 'node:stream';
import { hasMethods } from '../options/index.js';

/**
 * Length in bytes of a magic: the first bytes of a connection, which select its handshaker. The start of the
 * HTTP/2 preface, `PRI * HTTP/`, has the same length.
 */
export const MAGIC_LENGTH = 11;

/** Whether `value` can be registered on a `ListenMux`. */
export function isHandshaker(value: unknown): boolean {
  return hasMethods(value, ['handshake']) && isMagic((value as Partial<Handshaker>).magic);
}

/** Whether `magic` is `MAGIC_LENGTH` bytes of ASCII. */
export function isMagic(magic: unknown): magic is string {
  return (
    typeof magic === 'string' &&
    magic.length === MAGIC_LENGTH &&
    Buffer.byteLength(magic) === MAGIC_LENGTH
  );
}

/** A connection that is ready to be served. */
export interface MuxConnection<Context = undefined> {
  /** The stream to serve: the socket itself, or the stream that the handshaker made on it. */
  readonly stream: Duplex;
  /** The accepted socket; under TLS the TLS stream on it. */
  readonly socket: Duplex;
  /** Information from the handshaker; undefined on a plain connection. */
  readonly context: Context | undefined;
}

/**
 * Takes over connections that begin with its magic. Go: `listenmux.Handshaker`.
 */
export interface Handshaker<Context = undefined> {
  /** The first bytes of connections for this handshaker: `MAGIC_LENGTH` bytes of ASCII. */
  readonly magic: string;
  /**
   * Called when TLS is done and the magic was consumed. Resolve with a connection to have it served, or
   * with undefined to keep the socket (Go: `ErrConnDispatched`). The socket is closed at once if this
   * method rejects or throws.
   */
  handshake(socket: Duplex): Promise<Omit<MuxConnection<Context>, 'socket'> | undefined>;
}
