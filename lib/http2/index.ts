export { Http2Connection } from './connection.js';
export type { Http2ConnectionEvents } from './connection-events.js';
export {
  DEFAULT_HTTP2_OPTIONS,
  verifyHttp2Options,
  type Http2ConnectionOptions,
} from './connection-options.js';
export { Http2Error, Http2OptionError, type Http2ErrorScope } from './protocol/errors.js';
export { excerpt } from './protocol/excerpt.js';
export { ErrorCode, Http2FrameType } from './protocol/frame.js';
export { encodeGoAway } from './control/go-away-frame.js';
export { PeerAccounts } from './peer-accounts.js';
export { decodeReason, printable } from './protocol/reason.js';
export { CONNECTION_HEADERS, valueOf } from './inbound/header-rules.js';
export { headerListSize } from './hpack/index.js';
export type { Http2Role } from './protocol/role.js';
export { Http2Stream } from './stream/stream.js';
export type { StreamListener } from './stream/stream-listener.js';
