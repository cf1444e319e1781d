import { MAX_TIMEOUT_MS } from '../options/index.js';
import { Http2OptionError } from './errors.js';
import {
  DEFAULT_MAX_FRAME_SIZE,
  DEFAULT_WINDOW_SIZE,
  LARGEST_MAX_FRAME_SIZE,
  MAX_WINDOW_SIZE,
} from './frame.js';
import type { Http2Settings } from './settings.js';

/** Settings of one connection; what this side takes from the other. See docs/limits.md. */
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
  /**
   * Bytes that the peer may have on the way, on all streams together: credited when they arrive. At
   * least 65535, which every peer starts with.
   */
  connectionWindowSize: number;
  /**
   * Bytes that may be unread of all streams together. Where `maxConcurrentStreams` windows of
   * `initialWindowSize` would be more, streams begin with smaller windows while there are many.
   */
  maxUnreadBytes: number;
  /** Milliseconds that the peer may take to acknowledge our settings; 0 waits for ever. */
  settingsTimeoutMs: number;
  /**
   * Frames that the peer may send at once and that are of no use: pings, settings, empty ones, those of
   * unknown types or for streams that are over. Each DATA frame that this side sends pays for one, and
   * each KiB of DATA that the peer sends.
   */
  maxUselessFrames: number;
  /** How many more of them it may send per second. */
  uselessFramesPerSecond: number;
  /**
   * Streams that the peer may open and give up at once, by RST_STREAM, by breaking a rule, or by a
   * request that is refused (`Http2Stream.chargeRefusal`). Each other one that finishes pays for one;
   * those that got data, or are older than a second, cost nothing to reset.
   */
  maxResets: number;
  /** How many more of them it may give up per second. */
  resetsPerSecond: number;
  /** Headers of one list. Lists of more are refused as those beyond `maxHeaderListSize` are. */
  maxHeaders: number;
  /**
   * Names that end so have lists for values, separated by commas: each value of a list counts as a header
   * of its own, with its 32 bytes. Default: '', no names.
   */
  listNameSuffix: string;
  /** CONTINUATION frames of one header block. */
  maxContinuations: number;
  /** Bytes of other frames than DATA that may wait for a peer that reads nothing. */
  maxQueuedBytes: number;
  /** Bytes of DATA that wait on a stream before its `write` asks its user to wait. */
  sendHighWaterMark: number;
  /** Lower-case names of headers whose value differs from message to message, besides the usual ones. */
  varyingHeaders: readonly string[];
}

/** What holds where nothing else is said. */
export const DEFAULT_HTTP2_OPTIONS: Readonly<Http2ConnectionOptions> = Object.freeze({
  headerTableSize: 4096,
  maxConcurrentStreams: 1000,
  initialWindowSize: 256 * 1024,
  maxFrameSize: DEFAULT_MAX_FRAME_SIZE,
  maxHeaderListSize: 64 * 1024,
  maxWindowSize: 16 * 1024 * 1024,
  connectionWindowSize: 64 * 1024 * 1024,
  maxUnreadBytes: 256 * 1024 * 1024,
  settingsTimeoutMs: 10_000,
  maxUselessFrames: 2000,
  uselessFramesPerSecond: 200,
  maxResets: 1000,
  resetsPerSecond: 100,
  maxHeaders: 512,
  listNameSuffix: '',
  maxContinuations: 32,
  maxQueuedBytes: 1024 * 1024,
  sendHighWaterMark: 64 * 1024,
  varyingHeaders: Object.freeze([]),
});

const MAX_UINT32 = 2 ** 32 - 1;
/** Of counters that only have to be numbers. */
const MANY = Number.MAX_SAFE_INTEGER;

type NumberOption = Exclude<keyof Http2ConnectionOptions, 'varyingHeaders' | 'listNameSuffix'>;

const RANGES: Readonly<Record<NumberOption, readonly [min: number, max: number]>> = {
  headerTableSize: [0, MAX_WINDOW_SIZE],
  maxConcurrentStreams: [0, MAX_UINT32],
  initialWindowSize: [1, MAX_WINDOW_SIZE],
  maxFrameSize: [DEFAULT_MAX_FRAME_SIZE, LARGEST_MAX_FRAME_SIZE],
  maxHeaderListSize: [0, MAX_UINT32],
  maxWindowSize: [1, MAX_WINDOW_SIZE],
  connectionWindowSize: [DEFAULT_WINDOW_SIZE, MAX_WINDOW_SIZE],
  maxUnreadBytes: [DEFAULT_WINDOW_SIZE, MANY],
  settingsTimeoutMs: [0, MAX_TIMEOUT_MS],
  maxUselessFrames: [1, MANY],
  uselessFramesPerSecond: [0, MANY],
  maxResets: [1, MANY],
  resetsPerSecond: [0, MANY],
  maxHeaders: [1, MANY],
  maxContinuations: [0, MANY],
  maxQueuedBytes: [1024, MANY],
  sendHighWaterMark: [1, MANY],
};

/**
 * Completes `options` with the defaults, and freezes what comes of it.
 *
 * @throws Http2OptionError naming the first option that is unknown or out of range.
 */
export function verifyHttp2Options(
  options: Partial<Http2ConnectionOptions> = DEFAULT_HTTP2_OPTIONS,
): Readonly<Http2ConnectionOptions> {
  if (isVerified(options)) return options;
  const verified: Http2ConnectionOptions = { ...DEFAULT_HTTP2_OPTIONS };
  for (const [name, value] of Object.entries(options)) {
    if (!(name in DEFAULT_HTTP2_OPTIONS)) {
      const names = Object.keys(DEFAULT_HTTP2_OPTIONS).join(', ');
      throw new Http2OptionError(name, `is not an option of HTTP/2; those are ${names}`);
    }
    if (value === undefined) continue;
    if (name === 'varyingHeaders') verifyNames(name, value);
    else if (name === 'listNameSuffix') verifyLowerCase(name, value);
    else verifyNumber(name as NumberOption, value);
    Object.assign(verified, { [name]: value });
  }
  verifiedOptions.add(Object.freeze(verified));
  return verified;
}

/** What came out of `verifyHttp2Options` may go in again for nothing: many connections share it. */
const verifiedOptions = new WeakSet<object>([DEFAULT_HTTP2_OPTIONS]);

function isVerified(options: object): options is Readonly<Http2ConnectionOptions> {
  return verifiedOptions.has(options);
}

/** Those that may be Infinity: the peer is told of no limit, and there is none. */
const UNLIMITED: ReadonlySet<string> = new Set(['maxConcurrentStreams', 'maxHeaderListSize']);

function verifyNumber(name: NumberOption, value: unknown): void {
  const [min, max] = RANGES[name];
  if (value === Infinity && UNLIMITED.has(name)) return;
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
  throw new Http2OptionError(
    name,
    `must be a whole number from ${min} to ${max}, not ${String(value)}`,
  );
}

function verifyLowerCase(name: string, value: unknown): void {
  if (isLowerCase(value)) return;
  throw new Http2OptionError(name, `must be a text in lower case, not ${String(value)}`);
}

function isLowerCase(value: unknown): boolean {
  return typeof value === 'string' && value === value.toLowerCase();
}

function verifyNames(name: string, value: unknown): void {
  if (Array.isArray(value) && value.every(isLowerCase)) return;
  throw new Http2OptionError(name, `must be an array of lower-case names, not ${String(value)}`);
}
