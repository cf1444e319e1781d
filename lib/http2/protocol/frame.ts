/** Bytes of a frame header: length, type, flags, stream id (RFC 9113, 4.1). */
export const FRAME_HEADER_LENGTH = 9;

/** The first bytes that a client sends (RFC 9113, 3.4). */
export const CONNECTION_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Initial value, and minimum, of `SETTINGS_MAX_FRAME_SIZE`: payload bytes (RFC 9113, 6.5.2). */
export const DEFAULT_MAX_FRAME_SIZE = 16_384;

/** Maximum of `SETTINGS_MAX_FRAME_SIZE`, in bytes. */
export const LARGEST_MAX_FRAME_SIZE = 2 ** 24 - 1;

/** Initial window of streams and connections, in bytes (RFC 9113, 6.9.2). */
export const DEFAULT_WINDOW_SIZE = 65_535;

/** Largest window, in bytes (RFC 9113, 6.9.1). */
export const MAX_WINDOW_SIZE = 2 ** 31 - 1;

/** Values of a frame's type field (RFC 9113, 6). */
export const Http2FrameType = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  RstStream: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  GoAway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const;

/** Bits of a frame's flags field; their meaning depends on the type (RFC 9113, 6). */
export const Http2Flag = {
  /** DATA and HEADERS: the sender sends no more on this stream. */
  EndStream: 0x1,
  /** SETTINGS and PING: an acknowledgement. */
  Ack: 0x1,
  /** HEADERS, PUSH_PROMISE and CONTINUATION: the header block is complete. */
  EndHeaders: 0x4,
  /** DATA, HEADERS and PUSH_PROMISE: the frame has padding. */
  Padded: 0x8,
  /** HEADERS: the frame has priority fields. */
  Priority: 0x20,
} as const;

/** Codes of RST_STREAM and GOAWAY (RFC 9113, 7). */
export const ErrorCode = {
  NoError: 0,
  ProtocolError: 1,
  InternalError: 2,
  FlowControlError: 3,
  SettingsTimeout: 4,
  StreamClosed: 5,
  FrameSizeError: 6,
  RefusedStream: 7,
  Cancel: 8,
  CompressionError: 9,
  ConnectError: 10,
  EnhanceYourCalm: 11,
  InadequateSecurity: 12,
  Http11Required: 13,
} as const;

/** One of the values of `ErrorCode`. Peers may send other numbers. */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];
