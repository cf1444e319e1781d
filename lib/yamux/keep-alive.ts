/** What a keepalive watches, and what it may do. */
export interface KeepAliveOptions {
  /** Milliseconds between two looks at the peer. */
  intervalMs: number;
  /** A number that changes whenever anything arrives. */
  bytesReceived(): number;
  ping(): Promise<number>;
  /** The peer is silent and did not answer a ping. */
  onDead(): void;
}

/**
 * Pings a silent peer now and then. Anything that arrives counts as a sign of life, so a pong that
 * is late behind bulk data does no harm.
 *
 * @returns a function that stops it.
 */
export function startKeepAlive({
  intervalMs,
  bytesReceived,
  ping,
  onDead,
}: KeepAliveOptions): () => void {
  let seen = bytesReceived();
  const timer = setInterval(() => {
    if (bytesReceived() !== seen) {
      seen = bytesReceived();
      return;
    }
    ping().catch(() => {
      if (bytesReceived() === seen) onDead();
    });
  }, intervalMs).unref();
  return () => clearInterval(timer);
}
