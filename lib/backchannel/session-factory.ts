import type { Duplex } from 'node:stream';
import { func, type Rule } from '../options/index.js';
import { verifyYamuxConfig, YamuxSession, type YamuxConfig } from '../yamux/index.js';

/** A multiplexed session for the handshakers; `YamuxSession` is one. */
export interface MultiplexSession {
  /** Opens a stream to the other end. */
  open(): Promise<Duplex>;
  /**
   * Sets the handler of streams that the other end opens. The handler gets every stream from the first one
   * on.
   */
  onStream(handler: (stream: Duplex) => void): void;
  /**
   * Resets every stream that the other end opens from now on. Optional: worthwhile if it costs less than
   * `onStream`.
   */
  refuseStreams?(): void;
  /** Sends the written data, then ends the connection. Idempotent; never rejects. */
  close(): Promise<void>;
  /** Ends the connection at once. Idempotent. */
  destroy(error?: Error): void;
  /** Number of open streams; absent if the session does not count them. */
  readonly streamCount?: number;
  /** Resolves when the session has ended, with the error, if any. Never rejects. */
  readonly closed: Promise<Error | undefined>;
}

/** Creates a session on a connection whose magic was sent or read; the dialing side is the client. */
export type SessionFactory = (socket: Duplex, role: 'client' | 'server') => MultiplexSession;

/** Rule of the option `sessionFactory`. */
export const SESSION_FACTORY_RULE: Rule<SessionFactory> = func(
  'a function that makes a session, such as yamuxSessionFactory()',
);

/**
 * Yamux configuration of a backchannel. Windows start small, because a connection has only two streams and
 * most are idle. They grow as needed on long and fast links: a single stream reaches 1 GB/s at a round trip
 * of 60 ms.
 */
export const BACKCHANNEL_YAMUX_CONFIG: Readonly<Partial<YamuxConfig>> = Object.freeze({
  maxStreamWindowSize: 64 * 1024 * 1024,
  maxSessionWindowSize: 64 * 1024 * 1024,
});

/**
 * Returns the default `SessionFactory`.
 *
 * @param config - overrides `BACKCHANNEL_YAMUX_CONFIG`, which overrides the defaults of yamux.
 * @throws YamuxError `ERR_YAMUX_CONFIG` naming a bad option.
 */
export function yamuxSessionFactory(config: Partial<YamuxConfig> = {}): SessionFactory {
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  const verified = verifyYamuxConfig({ ...BACKCHANNEL_YAMUX_CONFIG, ...Object.fromEntries(given) });
  return (socket, role) => new YamuxSession(socket, role, verified);
}
