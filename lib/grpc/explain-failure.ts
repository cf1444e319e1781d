import type { Http2Error } from '../http2/index.js';
import { isNoTls, tlsReason } from '../listenmux/index.js';
import { isError } from '../options/index.js';

/** Facts about a connection of the dialing side, for the explanation of its failure. */
export interface FailedConnection {
  /** Whether this side speaks TLS on the connection. */
  readonly secure: boolean;
  /** Bytes that the other end has sent; undefined if unknown. */
  readonly bytesRead: number | undefined;
}

/**
 * Explains why an attempt to connect failed, with a remedy, where the error alone does not: TLS against
 * plaintext, plaintext against TLS, refused certificates, and texts of OpenSSL.
 *
 * @param connection - the connection on which the attempt failed; undefined if there was none yet.
 * @returns an error with the original one as its `cause`; or `error` itself.
 */
export function explainFailure(error: Error, connection?: FailedConnection): Error {
  if (!isError(error)) return error;
  const explanation = explain(error, connection);
  if (explanation === undefined) return error;
  // With the properties of errors of Node: code, errno, address and others.
  return Object.assign(new Error(explanation, { cause: error }), error);
}

/** Node's error for a connection that ended during the TLS handshake, without a reason. */
const CUT_HANDSHAKE = /^Client network socket disconnected before secure TLS connection/;
/** Errors of sessions and connections that ended without a reason. */
const NO_REASON = /(?:^|: )the connection was closed$/;

function explain(error: Error, connection: FailedConnection | undefined): string | undefined {
  // What the other end has said is its own explanation, and must not be taken for an error of this side.
  if ((error as Partial<Http2Error>).remote === true) return undefined;
  if (CUT_HANDSHAKE.test(error.message)) {
    return 'the connection ended during the TLS handshake: leave out "credentials" if the other end does not speak TLS; otherwise its log says why';
  }
  if (isNoTls(error)) {
    return 'the other end does not speak TLS: set "credentials" on its side too, or leave them out on this side';
  }
  const reason = tlsReason(error);
  if (reason !== undefined) return `TLS: ${reason}`;
  if (connection === undefined) return undefined;
  if (connection.secure) {
    if (!NO_REASON.test(error.message)) return undefined;
    return `${error.message} after the TLS handshake: the other end may have refused this side, for example its certificate; its log says why`;
  }
  if (connection.bytesRead !== 0) return undefined;
  return `${error.message}, before the other end sent a byte; if it expects TLS, set "credentials"`;
}
