/** Version of this package; a test compares it with package.json. */
const VERSION = '0.1.0';

/** Name of this engine in the `user-agent` header (gRPC over HTTP/2, User-Agent). */
export const USER_AGENT = `grpc-node-backchannel/${VERSION}`;
