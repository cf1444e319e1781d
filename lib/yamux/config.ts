import {
  milliseconds,
  OptionError,
  trueOrFalse,
  verifyOptions,
  wholeNumber,
  type Rules,
} from '../options/index.js';
import { YamuxError } from './errors.js';
import { INITIAL_WINDOW, MAX_UINT32 } from './frame.js';

/** Settings of one session. Both ends choose theirs alone; nothing is negotiated. */
export interface YamuxConfig {
  /**
   * Bytes that the peer may send on a stream, as soon as it is open, ahead of what the application has
   * read. At least 262144 (what the protocol grants anyway). Default 262144.
   */
  initialStreamWindowSize: number;
  /**
   * Bytes that this window may grow to, when the application reads so fast and the peer is so far away
   * that the window holds the stream up. Pings tell how far. At least `initialStreamWindowSize`, which
   * is the default: windows stay as they are, as in Go.
   */
  maxStreamWindowSize: number;
  /**
   * Bytes that the windows of all streams, and what is unread of streams that have ended, may add up
   * to: what the peer can make this side hold in memory at most. Windows grow up to seven eighths of
   * it; streams of the peer's for which there is no room are reset, and `open()` waits. At least
   * 262144, for one stream. Default 268435456, for 1024.
   */
  maxSessionWindowSize: number;
  /**
   * Streams that may wait: inbound ones for `accept()` (more are reset), outbound ones for the
   * peer's acknowledgement (`open()` waits). Default 256.
   */
  acceptBacklog: number;
  /** Streams that the peer may have open at once; more are reset. Default 1024. */
  maxInboundStreams: number;
  /**
   * Frames that are of no use by themselves (pings, credit, empty frames, frames for streams that are
   * gone, ...) that the peer may send at once, and above the data that pays for them, before the
   * session ends. Default 20000.
   */
  maxUselessFrames: number;
  /** How many of them the peer is forgiven in a second. Default 2000. */
  uselessFramesPerSecond: number;
  /**
   * Streams that the peer may open and give up at once, above those that came to their end, before
   * the session ends. Default 5000.
   */
  maxResets: number;
  /** How many of them the peer is forgiven in a second. Default 500. */
  resetsPerSecond: number;
  /** Longest payload of one outgoing data frame, in bytes; 1 MiB at most. Default 65536. */
  maxFrameSize: number;
  /** Milliseconds the peer may take to acknowledge a stream before the session ends. Default 75000, 0 waits for ever. */
  streamOpenTimeoutMs: number;
  /** Milliseconds after `end()` that the peer may go on sending before the stream is reset. Default 300000, 0 waits for ever. */
  streamCloseTimeoutMs: number;
  /**
   * Milliseconds without any outgoing byte being taken by the network, and without any that comes,
   * before the session ends; 15 times as long where something comes. Default 10000, 0 waits for ever.
   */
  connectionWriteTimeoutMs: number;
  /** Ping the peer now and then, and end the session when it does not answer. Default false: gRPC's keepalive is enough. */
  keepAlive: boolean;
  /** Milliseconds between keepalive pings. Default 30000. */
  keepAliveIntervalMs: number;
}

/** The defaults of Go's yamux, but for keepalive, which is off as in Gitaly, and limits that Go has not. */
export const DEFAULT_YAMUX_CONFIG: Readonly<YamuxConfig> = Object.freeze({
  initialStreamWindowSize: INITIAL_WINDOW,
  maxStreamWindowSize: INITIAL_WINDOW,
  maxSessionWindowSize: 1024 * INITIAL_WINDOW,
  acceptBacklog: 256,
  maxInboundStreams: 1024,
  maxUselessFrames: 20_000,
  uselessFramesPerSecond: 2000,
  maxResets: 5000,
  resetsPerSecond: 500,
  maxFrameSize: 64 * 1024,
  streamOpenTimeoutMs: 75_000,
  streamCloseTimeoutMs: 300_000,
  connectionWriteTimeoutMs: 10_000,
  keepAlive: false,
  keepAliveIntervalMs: 30_000,
});

/** What each option may be. */
export const YAMUX_CONFIG_RULES: Rules<YamuxConfig> = {
  initialStreamWindowSize: wholeNumber(INITIAL_WINDOW, MAX_UINT32),
  maxStreamWindowSize: wholeNumber(INITIAL_WINDOW, MAX_UINT32),
  maxSessionWindowSize: wholeNumber(INITIAL_WINDOW),
  acceptBacklog: wholeNumber(1, MAX_UINT32),
  maxInboundStreams: wholeNumber(1, MAX_UINT32),
  maxUselessFrames: wholeNumber(1, MAX_UINT32),
  uselessFramesPerSecond: wholeNumber(0, MAX_UINT32),
  maxResets: wholeNumber(1, MAX_UINT32),
  resetsPerSecond: wholeNumber(0, MAX_UINT32),
  maxFrameSize: wholeNumber(1, 1024 * 1024),
  streamOpenTimeoutMs: milliseconds(),
  streamCloseTimeoutMs: milliseconds(),
  connectionWriteTimeoutMs: milliseconds(),
  keepAlive: trueOrFalse,
  keepAliveIntervalMs: milliseconds(1),
};

/** What is wrong with options that are right one by one; completes "the option yamux …". */
export function problemOfYamuxConfig({
  initialStreamWindowSize: initial = INITIAL_WINDOW,
  maxStreamWindowSize: max = initial,
}: Partial<YamuxConfig>): string | undefined {
  if (max >= initial) return undefined;
  return `has a "maxStreamWindowSize" of ${max}, less than its initialStreamWindowSize, ${initial}`;
}

/**
 * Completes `config` with the defaults.
 *
 * @throws YamuxError `ERR_YAMUX_CONFIG` naming the first option that is unknown or out of range.
 */
export function verifyYamuxConfig(
  config: Partial<YamuxConfig> = DEFAULT_YAMUX_CONFIG,
): Readonly<YamuxConfig> {
  if (isVerified(config)) return config;
  const given = verifyGiven(config);
  const problem = problemOfYamuxConfig(given);
  if (problem !== undefined) throw invalid(`the configuration ${problem}`);
  const verified: YamuxConfig = { ...DEFAULT_YAMUX_CONFIG, ...given };
  const { initialStreamWindowSize: initial, maxStreamWindowSize: max } = verified;
  verified.maxStreamWindowSize = Math.max(initial, max);
  verifiedConfigs.add(Object.freeze(verified));
  return verified;
}

/** Results of `verifyYamuxConfig`, which the sessions of a listener share. */
const verifiedConfigs = new WeakSet<object>([DEFAULT_YAMUX_CONFIG]);

function isVerified(config: object): config is Readonly<YamuxConfig> {
  return verifiedConfigs.has(config);
}

function verifyGiven(config: Partial<YamuxConfig>): Partial<YamuxConfig> {
  try {
    return verifyOptions<Partial<YamuxConfig>>('yamux', YAMUX_CONFIG_RULES, config);
  } catch (error) {
    throw error instanceof OptionError ? invalid(error.message, error) : error;
  }
}

function invalid(problem: string, cause?: Error): YamuxError {
  return new YamuxError('ERR_YAMUX_CONFIG', problem, { cause });
}
