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

/** Longest delay that Node's timers keep; a longer one would end at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Limits as they may be given: whatever is left out has its default. */
export type ListenMuxLimitOptions = {
  [Name in keyof ListenMuxLimits]?: ListenMuxLimits[Name] | undefined;
};

/**
 * Completes `limits` with the defaults.
 *
 * @throws TypeError naming the first that cannot be.
 */
export function verifyListenMuxLimits(limits: ListenMuxLimitOptions): ListenMuxLimits {
  const verified = { ...DEFAULT_LISTEN_MUX_LIMITS };
  for (const name of Object.keys(verified) as (keyof ListenMuxLimits)[]) {
    const value = limits[name];
    if (value === undefined) continue;
    if (name === 'handshakeTimeoutMs') verifyTimeout(value);
    else verifyCount(name, value);
    verified[name] = value;
  }
  return verified;
}

function verifyTimeout(value: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_TIMEOUT_MS) return;
  throw new TypeError(
    `"handshakeTimeoutMs" must be a whole number of milliseconds from 0 to ${MAX_TIMEOUT_MS}, not ${String(value)}`,
  );
}

function verifyCount(name: string, value: number): void {
  if (value === Infinity || (Number.isInteger(value) && value > 0)) return;
  throw new TypeError(
    `"${name}" must be a whole number above 0, or Infinity, not ${String(value)}`,
  );
}
