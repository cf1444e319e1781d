/** Role of this side in the connection. The client opens the streams. */
export type Http2Role = 'client' | 'server';
