import type { Duplex } from 'node:stream';
import { func, type Rule } from '../options/index.js';
import { verifyYamuxConfig, YamuxSession, type YamuxConfig } from '../yamux/index.js';

/** A session as the handshakes need it; `YamuxSession` is one. */
export interface MultiplexSession {
  /** Opens a stream to the other end. */
  open(): Promise<Duplex>;
  /** Hands over every stream that the other end opens, from the first one on. */
  onStream(handler: (stream: Duplex) => void): void;
  /** Resets every stream that the other end opens from now on, if it can do that for less than `onStream` costs. */
  refuseStreams?(): void;
  /** Sends what was written, then ends the connection. Idempotent; never rejects. */
  close(): Promise<void>;
  /** Ends the connection at once. Idempotent. */
  destroy(error?: Error): void;
  /** Streams that are open, if it counts them. */
  readonly streamCount?: number;
  /** Settles when the session is over, with the reason if there is one. Never rejects. */
  readonly closed: Promise<Error | undefined>;
}

/** Starts a session on a connection whose magic has been sent or read; the dialing side is the client. */
export type SessionFactory = (socket: Duplex, role: 'client' | 'server') => MultiplexSession;

/** What the option `sessionFactory` may be. */
export const SESSION_FACTORY_RULE: Rule<SessionFactory> = func(
  'a function that makes a session, such as yamuxSessionFactory()',
);

/**
 * Windows that start small, as a connection has only two streams and most are idle, and grow as far as
 * a long and fast link needs it: a single stream fills 1 GB/s at a round trip of 60 ms.
 */
export const BACKCHANNEL_YAMUX_CONFIG: Readonly<Partial<YamuxConfig>> = Object.freeze({
  maxStreamWindowSize: 64 * 1024 * 1024,
  maxSessionWindowSize: 64 * 1024 * 1024,
});

/**
 * The default `SessionFactory`.
 *
 * @param config - overrides `BACKCHANNEL_YAMUX_CONFIG`, which overrides the defaults of yamux.
 * @throws YamuxError `ERR_YAMUX_CONFIG` naming a bad option.
 */
export function yamuxSessionFactory(config: Partial<YamuxConfig> = {}): SessionFactory {
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  const verified = verifyYamuxConfig({ ...BACKCHANNEL_YAMUX_CONFIG, ...Object.fromEntries(given) });
  return (socket, role) => new YamuxSession(socket, role, verified);
}
