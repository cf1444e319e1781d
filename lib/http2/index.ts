export { Http2Connection, type Http2ConnectionEvents, type Http2Role } from './connection.js';
export { DEFAULT_HTTP2_OPTIONS, type Http2ConnectionOptions } from './connection-options.js';
export { Http2Error, type Http2ErrorScope } from './errors.js';
export { ErrorCode } from './frame.js';
export { Http2Stream, type StreamListener } from './stream.js';
