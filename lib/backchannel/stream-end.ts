import type { Duplex } from 'node:stream';

/**
 * Calls `listener` once when this side has nothing more to do with `stream`: it has ended it in order,
 * or the stream was cut. Ended by us it would close only when the other end has ended it too; that may
 * be never.
 */
export function onceThrough(stream: Duplex, listener: (inOrder: boolean) => void): void {
  let isOver = false;
  const tell = (): void => {
    if (isOver) return;
    isOver = true;
    listener(stream.writableFinished);
  };
  stream.once('finish', tell).once('close', tell);
}
