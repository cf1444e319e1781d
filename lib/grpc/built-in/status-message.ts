import { cutStatusText } from '../cut-status-text.js';

/**
 * Text that needs no encoding in `grpc-message`: printable ASCII without percent signs, and without a space
 * at either end, where HTTP/2 allows none.
 */
const PLAIN = /^(?! )[ -$&-~]*(?<! )$/;

/**
 * Percent-encodes a status message (gRPC over HTTP/2, Percent-Encoded).
 *
 * @param limit - maximum length of the result in characters; a longer message is cut. Default: no limit.
 */
export function encodeStatusMessage(message: string, limit = Infinity): string {
  const isLonger = message.length > limit;
  // Encoding never shortens a text.
  const text = isLonger ? message.slice(0, Math.max(0, limit)).trimEnd() : message;
  if (PLAIN.test(text)) return text;
  const encoded = encode(text);
  return encoded.length <= limit ? encoded : encode(cutStatusText(text, limit, isPlain));
}

function encode(message: string): string {
  let encoded = '';
  for (const byte of Buffer.from(message)) {
    encoded += isPlain(byte)
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

function isPlain(byte: number): boolean {
  return byte > 0x20 && byte <= 0x7e && byte !== 0x25;
}

/** Decodes a status message. Returns invalid encodings unchanged, as the specification requires. */
export function decodeStatusMessage(encoded: string): string {
  if (!encoded.includes('%')) return encoded;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
