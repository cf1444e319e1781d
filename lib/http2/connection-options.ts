import type { Http2Settings } from './settings.js';

/** Settings of one connection; what this side takes from the other. */
export interface Http2ConnectionOptions extends Pick<
  Http2Settings,
  | 'headerTableSize'
  | 'maxConcurrentStreams'
  | 'initialWindowSize'
  | 'maxFrameSize'
  | 'maxHeaderListSize'
> {
  /** Bytes that a stream's window grows to for a fast reader on a long link. */
  maxWindowSize: number;
  /** Bytes that may be unread of all streams together. */
  connectionWindowSize: number;
  /** Milliseconds that the peer may take to acknowledge our settings; 0 waits for ever. */
  settingsTimeoutMs: number;
}

export const DEFAULT_HTTP2_OPTIONS: Readonly<Http2ConnectionOptions> = Object.freeze({
  headerTableSize: 4096,
  maxConcurrentStreams: 1000,
  initialWindowSize: 256 * 1024,
  maxFrameSize: 16_384,
  maxHeaderListSize: 64 * 1024,
  maxWindowSize: 16 * 1024 * 1024,
  connectionWindowSize: 64 * 1024 * 1024,
  settingsTimeoutMs: 10_000,
});
