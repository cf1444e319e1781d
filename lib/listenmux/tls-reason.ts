/** An error of OpenSSL, as Node decorates it. */
interface TlsError extends NodeJS.ErrnoException {
  /** Text of OpenSSL, such as `wrong version number`. */
  readonly reason?: string;
  readonly library?: string;
}

/** Codes of errors whose text is that of OpenSSL. */
const FROM_OPENSSL = /^(?:EPROTO$|ERR_SSL_|ERR_OSSL_)/;
/** Raw text of OpenSSL: thread, code, library, function, reason, file, line, and a line break. */
const RAW = /\b[0-9A-F]+:error:[0-9A-F]*:[^:]*:[^:]*:([^:]*):/;

/** Reasons of OpenSSL for first bytes that are no TLS record. */
const NO_TLS =
  /^(?:wrong version number|packet length too long|http request|https proxy request|unknown protocol)$/;

/** Returns the reason in an error of OpenSSL, which is one line; undefined for other errors. */
export function tlsReason(error: Error): string | undefined {
  const { library, reason, code = '', message } = error as TlsError;
  if (library !== undefined && reason !== undefined) return reason;
  return FROM_OPENSSL.test(code) ? RAW.exec(message)?.[1] : undefined;
}

/** Whether `error` is that of OpenSSL for a peer that does not speak TLS. */
export function isNoTls(error: Error): boolean {
  return NO_TLS.test(tlsReason(error) ?? '');
}

/** Describes why the TLS handshake of a client failed, with a remedy if it speaks no TLS. */
export function problemOfTls(error: Error): string {
  if (isNoTls(error)) {
    return 'the client does not speak TLS: set "credentials" on its side too, or leave them out on this side';
  }
  return tlsReason(error) ?? error.message;
}
