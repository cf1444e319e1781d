import { cutStatusText } from '../cut-status-text.js';

/**
 * What may stand in `grpc-message` as it is: printable ASCII but for the percent sign, and no space at
 * either end, where HTTP/2 has none.
 */
const PLAIN = /^(?! )[ -$&-~]*(?<! )$/;

/**
 * Percent-encodes a status message (gRPC over HTTP/2, Percent-Encoded).
 *
 * @param limit - characters that the result may have: beyond it, the message is cut. Default: no limit.
 */
export function encodeStatusMessage(message: string, limit = Infinity): string {
  const isLonger = message.length > limit;
  // No character takes less room when it is encoded.
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

/** Undoes it; what is not encoded right is left as it is, as the specification asks for. */
export function decodeStatusMessage(encoded: string): string {
  if (!encoded.includes('%')) return encoded;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
