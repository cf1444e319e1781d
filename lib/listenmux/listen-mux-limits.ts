import { countOrInfinity, milliseconds, type Rules } from '../options/index.js';

/** Limits on the connections of a listener, in their handshake and served. See docs/limits.md. */
export interface ListenMuxLimits {
  /** Time limit in milliseconds for magic and handshake, counted after TLS; 0 is no limit. */
  handshakeTimeoutMs: number;
  /** Maximum number of open connections: multiplexed and plain, in their handshake and served. */
  maxConnections: number;
  /**
   * Maximum number of open connections of one IPv4 address (plain or IPv4-mapped), or of one IPv6 /64
   * network, the smallest that a host is assigned. Connections without an address are not counted.
   */
  maxConnectionsPerAddress: number;
  /** Maximum number of connections in their handshake: TLS, magic, or handshaker. */
  maxHandshakes: number;
}

/** The default limits. */
export const DEFAULT_LISTEN_MUX_LIMITS: Readonly<ListenMuxLimits> = Object.freeze({
  handshakeTimeoutMs: 20_000,
  maxConnections: 10_000,
  // Clients behind a NAT or a load balancer share one address.
  maxConnectionsPerAddress: Infinity,
  maxHandshakes: 1000,
});

/** Limits as options; each has its default if it is left out. */
export type ListenMuxLimitOptions = {
  [Name in keyof ListenMuxLimits]?: ListenMuxLimits[Name] | undefined;
};

/** Rules of the limit options. */
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
