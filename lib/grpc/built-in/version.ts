/** Of this package; a test compares it with package.json. */
const VERSION = '0.1.0';

/** What this engine calls itself on the wire (gRPC over HTTP/2, User-Agent). */
export const USER_AGENT = `grpc-node-backchannel/${VERSION}`;
