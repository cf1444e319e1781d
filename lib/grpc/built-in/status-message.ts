/**
 * What may stand in `grpc-message` as it is: printable ASCII but for the percent sign, and no space at
 * either end, where HTTP/2 has none.
 */
const PLAIN = /^(?! )[ -$&-~]*(?<! )$/;

/** Percent-encodes a status message (gRPC over HTTP/2, Percent-Encoded). */
export function encodeStatusMessage(message: string): string {
  if (PLAIN.test(message)) return message;
  let encoded = '';
  for (const byte of Buffer.from(message)) {
    const isPlain = byte > 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
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
