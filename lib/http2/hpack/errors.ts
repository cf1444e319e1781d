/** Error codes of header compression and decompression; stable across releases. */
export type HpackErrorCode =
  /**
   * An option has a bad value.
   *
   * gRPC status: none.
   * Remedy: Correct the option that the message names.
   */
  | 'ERR_HPACK_CONFIG'
  /**
   * A header to be sent contains a character above 0xff.
   *
   * gRPC status: INTERNAL.
   * Remedy: Send other characters in metadata keys that end with `-bin`.
   */
  | 'ERR_HPACK_NOT_LATIN1'
  /**
   * An integer has more than five octets after its prefix, or is above 2^31 - 1.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The peer does not implement HPACK, or is hostile: find out which program it is.
   */
  | 'ERR_HPACK_INTEGER'
  /**
   * An index is 0 or refers to no entry.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The peer does not implement HPACK, or is hostile: find out which program it is.
   */
  | 'ERR_HPACK_INDEX'
  /**
   * A Huffman-coded string contains the EOS symbol or has wrong padding.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The peer does not implement HPACK, or is hostile: find out which program it is.
   */
  | 'ERR_HPACK_HUFFMAN'
  /**
   * A dynamic table size update is missing, misplaced, or above the agreed limit.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The peer does not implement HPACK, or is hostile: find out which program it is.
   */
  | 'ERR_HPACK_TABLE_SIZE'
  /**
   * The header block ends inside a field.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The peer does not implement HPACK, or is hostile: find out which program it is.
   */
  | 'ERR_HPACK_TRUNCATED';

/**
 * Error of header compression or decompression. An error while decoding must end the connection with
 * COMPRESSION_ERROR, because the tables of the two sides no longer agree (RFC 9113, 4.3).
 */
export class HpackError extends Error {
  override readonly name = 'HpackError';

  constructor(
    readonly code: HpackErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
