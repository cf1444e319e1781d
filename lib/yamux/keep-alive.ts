import { inRootContext } from '../context/index.js';
import { LinkWatch, type LinkState } from '../wire/index.js';
import { YamuxError } from './errors.js';

/** Options of a keepalive. */
export interface YamuxKeepAliveOptions {
  /** Milliseconds between two checks of the peer. */
  intervalMs: number;
  look(): LinkState;
  ping(): Promise<number>;
  /** Called when the peer is silent and did not answer a ping. */
  onDead(error: YamuxError): void;
}

/**
 * Pings the peer when it is silent. Any input counts as a sign of life, and so do waiting bytes that
 * the network takes. A reply may therefore be late behind bulk data in either direction.
 *
 * @returns a function that stops the keepalive.
 */
export function startKeepAlive({
  intervalMs,
  look,
  ping,
  onDead,
}: YamuxKeepAliveOptions): () => void {
  let seen = look().received;
  const check = (): void => {
    const { received } = look();
    if (received !== seen) {
      seen = received;
      return;
    }
    const watch = new LinkWatch(look);
    ping().catch(() => {
      if (!watch.isDead()) return;
      onDead(
        new YamuxError('ERR_YAMUX_KEEPALIVE_TIMEOUT', 'the peer did not answer a keepalive ping'),
      );
    });
  };
  const timer = inRootContext(() => setInterval(check, intervalMs).unref());
  return () => clearInterval(timer);
}
