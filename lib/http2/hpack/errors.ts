/** Error codes of header compression and decompression; stable across releases. */
export type HpackErrorCode =
  /**
   * An option has a value that cannot work.
   *
   * gRPC status: none.
   * Remedy: Correct the option that the message names.
   */
  | 'ERR_HPACK_CONFIG'
  /**
   * A header to be sent has a character above 0xff, so it is no bytes.
   *
   * gRPC status: INTERNAL.
   * Remedy: Metadata in other characters goes into keys that end with `-bin`.
   */
  | 'ERR_HPACK_NOT_LATIN1'
  /**
   * An integer is longer than five octets behind its prefix, or above 2^31 - 1.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The other end speaks no HPACK, or is hostile: see what dials.
   */
  | 'ERR_HPACK_INTEGER'
  /**
   * An index is 0, or there is no entry that has it.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The other end speaks no HPACK, or is hostile: see what dials.
   */
  | 'ERR_HPACK_INDEX'
  /**
   * A Huffman-coded string is no sequence of symbols with correct padding.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The other end speaks no HPACK, or is hostile: see what dials.
   */
  | 'ERR_HPACK_HUFFMAN'
  /**
   * A dynamic table size update is missing, in the wrong place, or above what was agreed.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The other end speaks no HPACK, or is hostile: see what dials.
   */
  | 'ERR_HPACK_TABLE_SIZE'
  /**
   * The header block ends inside a field.
   *
   * gRPC status: UNAVAILABLE.
   * Remedy: The other end speaks no HPACK, or is hostile: see what dials.
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
