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
 * plaintext, plaintext against TLS, and texts of OpenSSL.
 *
 * @param connection - the connection on which the attempt failed; undefined if there was none yet.
 * @returns an error with the original one as its `cause`; or `error` itself.
 */
export function explainFailure(error: Error, connection?: FailedConnection): Error {
  if (!isError(error)) return error;
  const explanation = explain(error, connection);
  if (explanation === undefined) return error;
  const { code } = error as NodeJS.ErrnoException;
  const explained = new Error(explanation, { cause: error });
  return code === undefined ? explained : Object.assign(explained, { code });
}

function explain(error: Error, connection: FailedConnection | undefined): string | undefined {
  if (isNoTls(error)) {
    return 'the other end does not speak TLS: set "credentials" on its side too, or leave them out on this side';
  }
  const reason = tlsReason(error);
  if (reason !== undefined) return `TLS: ${reason}`;
  if (connection === undefined || connection.secure || connection.bytesRead !== 0) return undefined;
  return `${error.message}, before the other end sent a byte; if it expects TLS, set "credentials"`;
}
