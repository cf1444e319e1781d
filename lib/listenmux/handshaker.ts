import type { Duplex } from 'node:stream';

/** Length of every magic: as many bytes as gRPC's own first line has before it could be one (`PRI * HTTP/`). */
export const MAGIC_LENGTH = 11;

/** A connection that is ready to be served. */
export interface MuxConnection<Context = undefined> {
  /** What to serve on: the socket itself, or what a handshaker made of it. */
  readonly stream: Duplex;
  /** The socket that was accepted. */
  readonly socket: Duplex;
  /** What the handshaker has to say about it; undefined on a plain connection. */
  readonly context: Context | undefined;
}

/**
 * Takes over connections that begin with its magic. Go: `listenmux.Handshaker`.
 */
export interface Handshaker<Context = undefined> {
  /** What connections for this handshaker begin with: `MAGIC_LENGTH` bytes of ASCII. */
  readonly magic: string;
  /**
   * Called with the connection behind its magic, TLS already done. Resolve with a connection to have
   * it served, or with undefined to keep the socket (Go: `ErrConnDispatched`). Reject, or throw, and
   * the socket is closed at once.
   */
  handshake(socket: Duplex): Promise<Omit<MuxConnection<Context>, 'socket'> | undefined>;
}
