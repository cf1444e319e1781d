/** Size of every HTTP/2 frame header: length, type, flags, stream id (RFC 9113, 4.1). */
export const FRAME_HEADER_LENGTH = 9;

/** What a client sends first of all (RFC 9113, 3.4). */
export const CONNECTION_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Payload that every endpoint takes in one frame; `SETTINGS_MAX_FRAME_SIZE` may allow more. */
export const DEFAULT_MAX_FRAME_SIZE = 16_384;

/** The largest value that `SETTINGS_MAX_FRAME_SIZE` may have. */
export const LARGEST_MAX_FRAME_SIZE = 2 ** 24 - 1;

/** Credit that streams and connections start with (RFC 9113, 6.9.2). */
export const DEFAULT_WINDOW_SIZE = 65_535;

/** No window may be larger. */
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

/** Bits of a frame's flags field; what they mean depends on the type. */
export const Http2Flag = {
  /** DATA and HEADERS: the sender sends no more on this stream. */
  EndStream: 0x1,
  /** SETTINGS and PING: this is the answer. */
  Ack: 0x1,
  /** HEADERS, PUSH_PROMISE and CONTINUATION: the header block is complete. */
  EndHeaders: 0x4,
  /** DATA, HEADERS and PUSH_PROMISE: there is padding. */
  Padded: 0x8,
  /** HEADERS: there are priority fields. */
  Priority: 0x20,
} as const;

/** Parameters of SETTINGS (RFC 9113, 6.5.2). */
export const Setting = {
  HeaderTableSize: 1,
  EnablePush: 2,
  MaxConcurrentStreams: 3,
  InitialWindowSize: 4,
  MaxFrameSize: 5,
  MaxHeaderListSize: 6,
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

/** One of the values of `ErrorCode`; peers may send others. */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];
