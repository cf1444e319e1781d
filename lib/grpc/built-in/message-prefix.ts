/** Compressed flag and length in front of every message (gRPC over HTTP/2, Length-Prefixed-Message). */
export const PREFIX_LENGTH = 5;

/** The prefix of a message. */
export function messagePrefix(length: number, compressed = false): Buffer {
  const prefix = Buffer.allocUnsafe(PREFIX_LENGTH);
  prefix[0] = compressed ? 1 : 0;
  prefix.writeUInt32BE(length, 1);
  return prefix;
}
