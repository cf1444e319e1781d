/**
 * Limits of what a client sends before the SETTINGS of its server have arrived (RFC 9113, 3.4). They are
 * lower than the initial settings: a server may have to keep all of it while it decides whether to serve
 * the client, and the backchannel keeps 128 KiB. An empty message, 5 bytes of DATA, takes 26 bytes with the
 * headers of HTTP/2 and yamux, if it is sent alone.
 */

/** Open streams. Servers should allow at least as many (RFC 9113, 6.5.2). */
export const EARLY_STREAMS = 100;
/** Sent bytes after which no further stream is opened. */
export const EARLY_BYTES = 24 * 1024;
/** Bytes of DATA on all streams together. */
export const EARLY_WINDOW = 16 * 1024;
