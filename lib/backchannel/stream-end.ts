import type { Duplex } from 'node:stream';
import { LINGER_MS } from './drain-time.js';

/**
 * Calls `listener` once when this side has nothing more to do with `stream`: it has ended it in order,
 * or the stream was cut. Ended by us it would close only when the other end has ended it too; that may
 * be never.
 */
export function onWritableEnd(stream: Duplex, listener: (inOrder: boolean) => void): void {
  let isOver = false;
  const tell = (): void => {
    if (isOver) return;
    isOver = true;
    listener(stream.writableFinished);
  };
  stream.once('finish', tell).once('close', tell);
}

/**
 * Resolves when the other end has nothing more to do with `stream` either: it has ended it too, or the
 * stream was cut. Once this side has ended it, it gets a second for that.
 *
 * Until then the connection is to stay: a Go end drops the replies that nobody has read yet when the
 * stream of forward calls ends.
 */
export function waitForStreamEnd(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    stream.once('finish', () => (timer = setTimeout(resolve, LINGER_MS).unref()));
    stream.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * Ends `stream` with its session, which is over. What came before that can be read for another second.
 * A reader that has stopped for good (node:http2 does so after an error) would otherwise keep the stream,
 * and itself.
 */
export function endWithSession(stream: Duplex): void {
  if (stream.destroyed) return;
  const timer = setTimeout(() => stream.destroy(), LINGER_MS).unref();
  stream.once('close', () => clearTimeout(timer));
}
