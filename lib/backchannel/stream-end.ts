import type { Duplex } from 'node:stream';
import { LINGER_MS } from '../wire/index.js';

/**
 * Calls `listener` once when this side has nothing more to do with `stream`: it has ended it in order,
 * or the stream was cut. Ended by us it would close only when the other end has ended it too; that may
 * be never. A stream that has closed before is told of in the next tick.
 */
export function onWritableEnd(stream: Duplex, listener: (inOrder: boolean) => void): void {
  let isOver = false;
  const tell = (): void => {
    if (isOver) return;
    isOver = true;
    listener(stream.writableFinished);
  };
  if (stream.closed) process.nextTick(tell);
  else stream.once('finish', tell).once('close', tell);
}

/**
 * Resolves when the other end has nothing more to do with `stream` either: it has ended it too, or the
 * stream was cut. Once this side has ended it, it gets a second for that.
 *
 * Until then the connection is to stay: a Go end drops the replies that nobody has read yet when the
 * stream of forward calls ends.
 */
export function waitForStreamEnd(stream: Duplex): Promise<void> {
  if (stream.closed) return Promise.resolve();
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    stream.once('finish', () => (timer = setTimeout(resolve, LINGER_MS).unref()));
    stream.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
