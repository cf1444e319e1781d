/** Size of a frame header in bytes: version, type, flags, stream id, length. Source: yamux `spec.md`. */
export const HEADER_LENGTH = 12;

/** The only version of the protocol. */
export const PROTOCOL_VERSION = 0;

/** Bytes of credit that each side of a stream starts with. SYN or ACK announces a larger window. */
export const INITIAL_WINDOW = 256 * 1024;

/** Largest value of any header field: ids, lengths and windows are unsigned 32-bit numbers. */
export const MAX_UINT32 = 0xffff_ffff;

/** Values of the header's type field. */
export const YamuxFrameType = {
  /** Carries `length` bytes of payload. */
  Data: 0,
  /** Adds `length` bytes to the receiver's send window; has no payload. */
  WindowUpdate: 1,
  /** `length` is an opaque value that the peer echoes. */
  Ping: 2,
  /** `length` is a `GoAwayCode`. */
  GoAway: 3,
} as const;

/** Bits of the header's flags field. All four are valid on both Data and WindowUpdate. */
export const YamuxFlag = {
  /** Opens a stream, or asks for a ping reply. */
  Syn: 1,
  /** Accepts a stream, or is a ping reply. */
  Ack: 2,
  /** The sender sends no more data on this stream. */
  Fin: 4,
  /** The stream ends at once, in both directions. */
  Rst: 8,
} as const;

/** Reason of a GoAway frame. */
export const GoAwayCode = {
  /** Orderly end: no new streams; existing streams continue. */
  Normal: 0,
  /** The sender detected a protocol violation. */
  ProtocolError: 1,
  /** The sender had an internal error. */
  InternalError: 2,
} as const;

/** One of the values of `GoAwayCode`. */
export type GoAwayCode = (typeof GoAwayCode)[keyof typeof GoAwayCode];

/** Writes one frame header at `offset`. Single-byte stores are the fastest method in V8. */
export function writeHeader(
  target: Uint8Array,
  offset: number,
  type: number,
  flags: number,
  streamId: number,
  length: number,
): void {
  target[offset] = PROTOCOL_VERSION;
  target[offset + 1] = type;
  target[offset + 2] = flags >>> 8;
  target[offset + 3] = flags;
  writeUint32(target, offset + 4, streamId);
  writeUint32(target, offset + 8, length);
}

function writeUint32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
}
