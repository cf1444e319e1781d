import { LinkWatch, type LinkState } from '../wire/index.js';

/** What a keepalive watches, and what it may do. */
export interface YamuxKeepAliveOptions {
  /** Milliseconds between two looks at the peer. */
  intervalMs: number;
  look(): LinkState;
  ping(): Promise<number>;
  /** The peer is silent and did not answer a ping. */
  onDead(): void;
}

/**
 * Pings a silent peer now and then. Anything that arrives counts as a sign of life, and so do bytes that
 * waited and were taken: an answer that is late behind bulk data, in either direction, does no harm.
 *
 * @returns a function that stops it.
 */
export function startKeepAlive({
  intervalMs,
  look,
  ping,
  onDead,
}: YamuxKeepAliveOptions): () => void {
  let seen = look().received;
  const timer = setInterval(() => {
    const { received } = look();
    if (received !== seen) {
      seen = received;
      return;
    }
    const watch = new LinkWatch(look);
    ping().catch(() => {
      if (watch.isDead()) onDead();
    });
  }, intervalMs).unref();
  return () => clearInterval(timer);
}
