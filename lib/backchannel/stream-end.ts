import type { Duplex } from 'node:stream';
import { LINGER_MS } from '../wire/index.js';

/**
 * Calls `listener` once when this side has ended `stream` gracefully, or when the stream was cut. The
 * 'close' event alone is not enough: it waits for the other end to end its half, which may never happen.
 */
export function onWritableEnd(stream: Duplex, listener: (inOrder: boolean) => void): void {
  let isOver = false;
  const tell = (): void => {
    if (isOver) return;
    isOver = true;
    listener(stream.writableFinished);
  };
  if (stream.closed) process.nextTick(tell);
  // Not by `once`: the wrappers that Node makes for it would stay as long as the stream.
  else stream.on('finish', tell).on('close', tell);
}

/**
 * Resolves when both sides have ended `stream`, or when it was cut. After this side has ended the stream,
 * waits at most one second for the other end.
 *
 * The connection must stay open until then: when the stream of forward calls ends, a Go peer drops the
 * replies that it has not read yet.
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
