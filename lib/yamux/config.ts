import {
  like,
  milliseconds,
  OptionError,
  trueOrFalse,
  verifyOptions,
  wholeNumber,
  type Rules,
} from '../options/index.js';
import { YamuxError } from './errors.js';
import { INITIAL_WINDOW, MAX_UINT32 } from './frame.js';

/** Settings of one session. Each side chooses its own; nothing is negotiated. */
export interface YamuxConfig {
  /**
   * Receive window of a new stream in bytes: how far the peer may send ahead of the reading
   * application. The protocol grants the minimum in any case. Default 262144.
   */
  initialStreamWindowSize: number;
  /**
   * Largest receive window of a stream in bytes. A window grows if it limits a fast reader on a long
   * link; pings measure the round trip. 64 MiB are enough for 1 GB/s at a round trip of 60 ms. At least
   * `initialStreamWindowSize`: if they are equal, windows do not grow. Default 262144.
   */
  maxStreamWindowSize: number;
  /**
   * Largest sum in bytes of all windows and of the unread data of ended streams: the most that the
   * peer can make this side hold in memory. Windows grow up to seven eighths of this sum. Without room
   * for one more stream, streams of the peer are reset and `open()` waits. Default 268435456.
   */
  maxSessionWindowSize: number;
  /**
   * Streams that may wait: inbound ones for `accept()` (further ones are reset), outbound ones for the
   * peer's acknowledgement (`open()` waits). Default 256.
   */
  acceptBacklog: number;
  /** Streams that the peer may have open at once; further ones are reset. Default 1024. */
  maxInboundStreams: number;
  /**
   * Burst of useless frames (pings, credit, empty frames, frames for closed streams, ...) that the peer may
   * send. Data allows further ones. A frame above the limit ends the session. Default 20000.
   */
  maxUselessFrames: number;
  /** Frames per second by which `maxUselessFrames` refills. Default 2000. */
  uselessFramesPerSecond: number;
  /**
   * Burst of streams that the peer may open only to give them up. Each stream that both sides end allows one
   * more. A stream above the limit ends the session. Default 5000.
   */
  maxResets: number;
  /** Streams per second by which `maxResets` refills. Default 500. */
  resetsPerSecond: number;
  /** Largest payload of an outgoing data frame in bytes. Default 65536. */
  maxFrameSize: number;
  /**
   * How long the application may use the chunks of a stream that it gets by `'data'` events; `'kept'`: forever,
   * `'borrowed'`: until the listener returns; the memory is then freed, which saves garbage collections. Copy
   * what is needed longer. `Readable.wrap` does not, so it needs kept chunks. Chunks of `read()`, `pipe()` and
   * `for await` can be kept in any case. Default kept.
   */
  chunks: 'kept' | 'borrowed';
  /**
   * Milliseconds that the peer may take to acknowledge a stream; then the session ends. 0 waits forever.
   * Default 75000.
   */
  streamOpenTimeoutMs: number;
  /**
   * Milliseconds that the peer may be silent on a half-closed stream; then the stream is reset.
   * 0 waits forever. Default 300000.
   */
  streamCloseTimeoutMs: number;
  /**
   * Milliseconds after which the session ends if unsent bytes wait and no byte is sent or received; 15
   * times as long while bytes arrive. Also limits `ping()`. 0 waits forever, and is invalid with
   * `keepAlive`. Default 10000.
   */
  connectionWriteTimeoutMs: number;
  /**
   * Whether to ping a silent peer, and to end the session if no reply arrives within
   * `connectionWriteTimeoutMs`, which must not be 0. Prefer the keepalive of gRPC, which is sufficient.
   * Default false.
   */
  keepAlive: boolean;
  /** Milliseconds between two checks for a silent peer. Default 30000. */
  keepAliveIntervalMs: number;
}

/**
 * The defaults of Go's yamux, except that keepalive is off, as in Gitaly. Windows do not grow, as in Go,
 * and 1024 of them fit into a session. Go does not have all of the limits.
 */
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
  chunks: 'kept',
  streamOpenTimeoutMs: 75_000,
  streamCloseTimeoutMs: 300_000,
  connectionWriteTimeoutMs: 10_000,
  keepAlive: false,
  keepAliveIntervalMs: 30_000,
});

/** The rule of each option. */
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
  chunks: like("'kept' or 'borrowed'", (value) => value === 'kept' || value === 'borrowed'),
  streamOpenTimeoutMs: milliseconds(),
  streamCloseTimeoutMs: milliseconds(),
  connectionWriteTimeoutMs: milliseconds(),
  keepAlive: trueOrFalse,
  keepAliveIntervalMs: milliseconds(1),
};

/**
 * Describes a contradiction between options that are valid by themselves; undefined if there is none. The
 * description completes the sentence "the option yamux …".
 */
export function problemOfYamuxConfig({
  initialStreamWindowSize: initial = INITIAL_WINDOW,
  maxStreamWindowSize: max = initial,
  connectionWriteTimeoutMs,
  keepAlive,
}: Partial<YamuxConfig>): string | undefined {
  if (max < initial) {
    return `has a "maxStreamWindowSize" of ${max}, less than its initialStreamWindowSize, ${initial}`;
  }
  if (keepAlive && connectionWriteTimeoutMs === 0) {
    return 'has a "connectionWriteTimeoutMs" of 0, so its keepAlive would never notice a dead peer; set "connectionWriteTimeoutMs" above 0, or leave out "keepAlive" and use the keepalive of gRPC';
  }
  return undefined;
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

/** Results of `verifyYamuxConfig`. The sessions of a listener share one. */
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
