import type { Http2ConnectionOptions } from '../connection-options.js';

/** Share of `maxUnreadBytes` for the full windows of the first streams. */
const FIRST_SHARE = 1 / 4;
/** Share of `maxUnreadBytes` for the growth of windows. */
const GROWTH_SHARE = 3 / 8;
/** Smallest window of a new stream, in bytes: about one packet. */
const LEAST_WINDOW = 1024;
/** A client plans for at least this many streams: `maxConcurrentStreams` does not limit those it opens. */
const STREAMS_OF_CLIENT = 10_000;

/** Division of `maxUnreadBytes` among the streams of a peer. */
export interface WindowPlan {
  /** Up to this many open streams, new streams begin with the full window; above, with the small one. */
  readonly fewStreams: number;
  /** Window of a new stream while few streams are open, in bytes. */
  readonly full: number;
  /** Window of a new stream while many streams are open, in bytes. */
  readonly small: number;
  /** Bytes by which all windows together may grow. */
  readonly growth: number;
}

/**
 * Divides `maxUnreadBytes`. Every stream gets `initialWindowSize` if all of them fit. If
 * windows can grow, three eighths are reserved for growth. Otherwise a quarter is for the first streams, which begin with
 * `initialWindowSize`, three eighths are for the small windows of all further streams, and three eighths
 * are for growth.
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
