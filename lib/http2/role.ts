/** Which end of the connection this side is: the client opens streams. */
export type Http2Role = 'client' | 'server';
