import type { Http2ConnectionOptions } from '../connection-options.js';

/** Share of `maxUnreadBytes` for the windows of the first streams, which are of full size. */
const FIRST_SHARE = 1 / 4;
/** Share of `maxUnreadBytes` for windows that grow. */
const GROWTH_SHARE = 3 / 8;
/** Bytes of the smallest window of a new stream: about one packet. */
const LEAST_WINDOW = 1024;
/** Streams that a client is prepared for: how many there will be is its application's choice. */
const STREAMS_OF_CLIENT = 10_000;

/** How the streams of a connection divide `maxUnreadBytes` among them. */
export interface WindowPlan {
  /** Streams that may be open while new ones begin with the full window; above, with the small one. */
  readonly fewStreams: number;
  /** Bytes of the window of a new stream while there are few streams. */
  readonly full: number;
  /** Bytes of the window of a new stream while there are many. */
  readonly small: number;
  /** Bytes by which all windows together may grow beyond that. */
  readonly growth: number;
}

/**
 * Divides `maxUnreadBytes`. If every stream can have `initialWindowSize`, every stream has it. If not,
 * a quarter is for streams that begin with it, three eighths are for the small windows of all further
 * streams, and three eighths are for growth.
 */
export function planWindows(options: Http2ConnectionOptions, isClient: boolean): WindowPlan {
  const { initialWindowSize: full, maxWindowSize, maxUnreadBytes, maxConcurrentStreams } = options;
  const streams = isClient
    ? Math.max(maxConcurrentStreams, STREAMS_OF_CLIENT)
    : maxConcurrentStreams;
  const growth = Math.floor(maxUnreadBytes * GROWTH_SHARE);
  const left = maxUnreadBytes - streams * full;
  if (left >= (maxWindowSize > full ? growth : 0)) {
    return { fewStreams: Infinity, full, small: full, growth: left };
  }
  const fewStreams = Math.max(1, Math.floor((maxUnreadBytes * FIRST_SHARE) / full));
  const perStream = Math.floor((maxUnreadBytes - growth - fewStreams * full) / streams);
  return { fewStreams, full, small: Math.min(full, Math.max(LEAST_WINDOW, perStream)), growth };
}
