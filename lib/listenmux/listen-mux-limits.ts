import { countOrInfinity, milliseconds, type Rules } from '../options/index.js';

/** What connections may take of a listener before and while they are served. See docs/limits.md. */
export interface ListenMuxLimits {
  /** Milliseconds until a connection must have shown what it is and shaken hands; 0 waits for ever. */
  handshakeTimeoutMs: number;
  /** Connections that are open at once, multiplexed and plain ones, in handshake or served. */
  maxConnections: number;
  /**
   * The same of one address: of one IPv4 address, however it is written, or of one IPv6 network of 64
   * bits, which is the least that one host has. Connections without an address are not counted.
   */
  maxConnectionsPerAddress: number;
  /** Connections that shake hands at once, TLS and what handshakers wait for included. */
  maxHandshakes: number;
}

/** What holds where nothing else is said. */
export const DEFAULT_LISTEN_MUX_LIMITS: Readonly<ListenMuxLimits> = Object.freeze({
  handshakeTimeoutMs: 20_000,
  maxConnections: 10_000,
  // Behind a NAT or a load balancer all clients have the same one.
  maxConnectionsPerAddress: Infinity,
  maxHandshakes: 1000,
});

/** Limits as they may be given: whatever is left out has its default. */
export type ListenMuxLimitOptions = {
  [Name in keyof ListenMuxLimits]?: ListenMuxLimits[Name] | undefined;
};

/** What each limit may be. */
export const LISTEN_MUX_LIMIT_RULES: Rules<ListenMuxLimitOptions> = {
  handshakeTimeoutMs: milliseconds(),
  maxConnections: countOrInfinity,
  maxConnectionsPerAddress: countOrInfinity,
  maxHandshakes: countOrInfinity,
};

/** The limits among verified options, completed with the defaults. */
export function listenMuxLimitsOf(options: ListenMuxLimitOptions): ListenMuxLimits {
  const limits = { ...DEFAULT_LISTEN_MUX_LIMITS };
  for (const name of Object.keys(limits) as (keyof ListenMuxLimits)[]) {
    limits[name] = options[name] ?? limits[name];
  }
  return limits;
}
