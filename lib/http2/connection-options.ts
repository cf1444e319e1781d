import { MAX_TIMEOUT_MS, showValue } from '../options/index.js';
import { Http2OptionError } from './protocol/errors.js';
import { DEFAULT_WINDOW_SIZE, MAX_WINDOW_SIZE } from './protocol/frame.js';
import type { NumberRule } from './protocol/number-rule.js';
import { SETTING_OPTION_RULES, type SettingOptions } from './protocol/settings.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Options of one connection, with the defaults of `DEFAULT_HTTP2_OPTIONS`; see docs/limits.md. */
export interface Http2ConnectionOptions extends SettingOptions {
  /** Largest stream window, in bytes; a window grows to it for a fast reader on a long link. */
  maxWindowSize: number;
  /**
   * Connection window in bytes: limits the DATA of all streams that is in transit. DATA is credited when it
   * arrives, even if it is unread. At least 65535, the initial window of every connection.
   */
  connectionWindowSize: number;
  /**
   * Unread bytes of all streams together. If `maxConcurrentStreams` windows of `initialWindowSize` do
   * not fit, new streams begin with smaller windows while many streams are open.
   */
  maxUnreadBytes: number;
  /** Time limit for the acknowledgement of our SETTINGS, in milliseconds; 0 for none. */
  settingsTimeoutMs: number;
  /**
   * Burst of useless frames that the peer may send: PING, SETTINGS, empty frames, frames of unknown
   * types or for closed streams. Each DATA frame that this side sends refunds one, as does each received
   * DATA frame with 1 KiB of content or more; a shorter one refunds its share.
   */
  maxUselessFrames: number;
  /** Useless frames per second, beyond the burst. */
  uselessFramesPerSecond: number;
  /**
   * Burst of wasted streams: streams of the peer that end by its RST_STREAM, by a violation, or by a
   * refused request (`Http2Stream.chargeRefusal`). Each other stream that finishes refunds one. An
   * RST_STREAM on a stream that got data, or is older than a second, costs nothing.
   */
  maxResets: number;
  /** Wasted streams per second, beyond the burst. */
  resetsPerSecond: number;
  /** Headers of one list. A longer list is refused like one that exceeds `maxHeaderListSize`. */
  maxHeaders: number;
  /**
   * Suffix of header names whose value is a comma-separated list. Each value of the list counts as one
   * header, with 32 bytes. Default: '', no names.
   */
  listNameSuffix: string;
  /** CONTINUATION frames of one header block. */
  maxContinuations: number;
  /** Bytes of frames other than DATA that may be queued while the socket is full. */
  maxQueuedBytes: number;
  /** `write` of a stream returns false when this many bytes of DATA, or more, are queued in the stream. */
  sendHighWaterMark: number;
  /** Lower-case names of headers whose value differs in each message, in addition to `VARYING_NAMES`. */
  varyingHeaders: readonly string[];
}

/** Upper bound of options without a natural limit. */
const MANY = Number.MAX_SAFE_INTEGER;

type NumberOption = Exclude<keyof Http2ConnectionOptions, 'varyingHeaders' | 'listNameSuffix'>;

/** The one table of numbers: defaults, verification and the tables in docs/ come from it. */
export const HTTP2_NUMBERS: Readonly<Record<NumberOption, NumberRule>> = {
  ...SETTING_OPTION_RULES,
  maxWindowSize: { value: 16 * MIB, min: 1, max: MAX_WINDOW_SIZE },
  connectionWindowSize: { value: 64 * MIB, min: DEFAULT_WINDOW_SIZE, max: MAX_WINDOW_SIZE },
  maxUnreadBytes: { value: 256 * MIB, min: DEFAULT_WINDOW_SIZE, max: MANY },
  settingsTimeoutMs: { value: 10_000, min: 0, max: MAX_TIMEOUT_MS },
  maxUselessFrames: { value: 2000, min: 1, max: MANY },
  uselessFramesPerSecond: { value: 200, min: 0, max: MANY },
  maxResets: { value: 1000, min: 1, max: MANY },
  resetsPerSecond: { value: 100, min: 0, max: MANY },
  maxHeaders: { value: 512, min: 1, max: MANY },
  maxContinuations: { value: 32, min: 0, max: MANY },
  maxQueuedBytes: { value: MIB, min: 1024, max: MANY },
  sendHighWaterMark: { value: 64 * KIB, min: 1, max: MANY },
};

/** Default options of a connection. */
export const DEFAULT_HTTP2_OPTIONS: Readonly<Http2ConnectionOptions> = Object.freeze({
  ...defaultNumbers(),
  listNameSuffix: '',
  varyingHeaders: Object.freeze([]),
});

function defaultNumbers(): Record<NumberOption, number> {
  const defaults = Object.entries(HTTP2_NUMBERS).map(([name, { value }]) => [name, value]);
  return Object.fromEntries(defaults) as Record<NumberOption, number>;
}

/** Names of options in error messages, where they differ from the names in `Http2ConnectionOptions`. */
type NamesInErrors = { readonly [Name in keyof Http2ConnectionOptions]?: string };

/**
 * Completes `options` with the defaults, and freezes the result.
 *
 * @param names - names of options in error messages, for callers that offer the options by other names.
 * @throws Http2OptionError naming the first option that is unknown or has a bad value.
 */
export function verifyHttp2Options(
  options: Partial<Http2ConnectionOptions> = DEFAULT_HTTP2_OPTIONS,
  names: NamesInErrors = {},
): Readonly<Http2ConnectionOptions> {
  if (isVerified(options)) return options;
  const verified: Http2ConnectionOptions = { ...DEFAULT_HTTP2_OPTIONS };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(DEFAULT_HTTP2_OPTIONS, name)) {
      const known = Object.keys(DEFAULT_HTTP2_OPTIONS).join(', ');
      throw new Http2OptionError(name, `is not an option of HTTP/2; those are ${known}`);
    }
    if (value === undefined) continue;
    const problem = problemOf(name as keyof Http2ConnectionOptions, value);
    if (problem !== undefined) {
      const given = names[name as keyof Http2ConnectionOptions] ?? name;
      throw new Http2OptionError(given, `must be ${problem}, not ${showValue(value)}`);
    }
    Object.assign(verified, { [name]: value });
  }
  verifiedOptions.add(Object.freeze(verified));
  return verified;
}

/** Results of `verifyHttp2Options`, accepted again without a check: many connections share one. */
const verifiedOptions = new WeakSet<object>([DEFAULT_HTTP2_OPTIONS]);

function isVerified(options: object): options is Readonly<Http2ConnectionOptions> {
  return verifiedOptions.has(options);
}

/** Describes the valid values of an option if `value` is invalid; undefined if it is valid. */
function problemOf(name: keyof Http2ConnectionOptions, value: unknown): string | undefined {
  if (name === 'varyingHeaders') {
    const isValid = Array.isArray(value) && value.every(isLowerCase);
    return isValid ? undefined : 'an array of lower-case names';
  }
  if (name === 'listNameSuffix') return isLowerCase(value) ? undefined : 'a text in lower case';
  const { min, max, unlimited } = HTTP2_NUMBERS[name];
  if (value === Infinity && unlimited) return undefined;
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max)
    return undefined;
  return `a whole number from ${min} to ${max}`;
}

function isLowerCase(value: unknown): boolean {
  return typeof value === 'string' && value === value.toLowerCase();
}
