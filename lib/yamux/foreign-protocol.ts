import { PROTOCOL_VERSION } from './frame.js';

/** Largest number of characters of the peer's first line that an error repeats. */
const MAX_SHOWN = 40;
/** Largest number of bytes that an error shows as hexadecimal digits. */
const MAX_HEX_BYTES = 8;

/** Content types of the TLS records that a TLS server can send first: alert and handshake (RFC 8446, 5.1). */
const TLS_RECORDS = new Set([0x15, 0x16]);
/** First byte of the version of every TLS record. */
const TLS_MAJOR_VERSION = 3;

/** Type SETTINGS of HTTP/2 (RFC 9113, 6.5), the first frame of every server. */
const HTTP2_SETTINGS = 4;

/**
 * Describes a peer that speaks another protocol, by its first bytes: HTTP/1, HTTP/2, TLS or another one.
 *
 * @param first - at least one byte.
 * @returns a description with a remedy; undefined if the first byte is that of yamux.
 */
export function foreignProtocol(first: Buffer): string | undefined {
  if (isHttp2Settings(first)) {
    return 'the other end is an HTTP/2 server that does not speak yamux, such as a gRPC server without backchannel: check the address and the port';
  }
  if (first[0] === PROTOCOL_VERSION) return undefined;
  if (TLS_RECORDS.has(first[0]!) && (first[1] ?? TLS_MAJOR_VERSION) === TLS_MAJOR_VERSION) {
    return 'the other end speaks TLS, and this side does not: connect with TLS (the option "credentials")';
  }
  const line = firstLine(first);
  const kind = line?.startsWith('HTTP/') ? 'is an HTTP/1 server' : 'does not speak yamux';
  const shown =
    line === undefined ? `0x${first.toString('hex', 0, MAX_HEX_BYTES)}` : JSON.stringify(line);
  return `the other end ${kind}, its first bytes are ${shown}: check the address and the port`;
}

/** Whether the bytes begin with SETTINGS, which belong to stream 0. As yamux, they are a FIN for stream 0. */
function isHttp2Settings(first: Buffer): boolean {
  return first[3] === HTTP2_SETTINGS && first.length >= 8 && first.readUInt32BE(4) === 0;
}

/** The beginning of the first line; undefined if it is not printable ASCII of at least 4 characters. */
function firstLine(first: Buffer): string | undefined {
  const [line = ''] = first.toString('latin1', 0, MAX_SHOWN).split(/\r?\n/);
  return /^[\x20-\x7e]{4,}$/.test(line) ? line : undefined;
}
