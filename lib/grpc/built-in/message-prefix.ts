/**
 * Bytes of the compressed flag and length before every message (gRPC over HTTP/2, Length-Prefixed-Message).
 */
export const PREFIX_LENGTH = 5;

/** Messages below this length share their prefixes, one for each length. */
const SHARED_BELOW = 2048;
const shared: (Buffer | undefined)[] = Array.from({ length: SHARED_BELOW });

/** Returns the prefix of a message. The buffer may be shared and must not be modified. */
export function messagePrefix(length: number, compressed = false): Buffer {
  if (compressed || length >= SHARED_BELOW) return createPrefix(length, compressed);
  return (shared[length] ??= createPrefix(length, false));
}

function createPrefix(length: number, compressed: boolean): Buffer {
  const prefix = Buffer.allocUnsafe(PREFIX_LENGTH);
  prefix[0] = compressed ? 1 : 0;
  prefix.writeUInt32BE(length, 1);
  return prefix;
}
