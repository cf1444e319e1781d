export { Http2Connection } from './connection.js';
export type { Http2ConnectionEvents } from './connection-events.js';
export {
  DEFAULT_HTTP2_OPTIONS,
  verifyHttp2Options,
  type Http2ConnectionOptions,
} from './connection-options.js';
export { Http2Error, Http2OptionError, type Http2ErrorScope } from './errors.js';
export { excerpt } from './excerpt.js';
export { ErrorCode, Http2FrameType } from './frame.js';
export { encodeGoAway } from './control/go-away-frame.js';
export { PeerAccounts } from './peer-accounts.js';
export { decodeReason, printable } from './reason.js';
export { CONNECTION_HEADERS, valueOf } from './inbound/header-rules.js';
export { headerListSize } from './header-list-size.js';
export type { Http2Role } from './role.js';
export { Http2Stream } from './stream.js';
export type { StreamListener } from './stream-listener.js';
