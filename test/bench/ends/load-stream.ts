import type { Stream, StreamDone } from '../protocol.js';
import type { Caller } from './end.js';
import { MessageCheck } from './messages.js';

/** How many messages it takes to speak of a rate. */
const FEWEST_MESSAGES = 2;

/** Receives one stream for a while, and checks every message. */
export function loadStream(caller: Caller, { size, ms }: Stream): Promise<StreamDone> {
  return new Promise((resolve, reject) => {
    const check = new MessageCheck(size);
    const start = performance.now();
    let timeIsOver = false;
    let elapsed: number | undefined;
    const cancelIfComplete = (): void => {
      if (!timeIsOver || check.count < FEWEST_MESSAGES) return;
      elapsed = performance.now() - start;
      cancel();
    };
    const timer = setTimeout(() => {
      timeIsOver = true;
      cancelIfComplete();
    }, ms);
    const cancel = caller.download(
      size,
      (message) => {
        if (elapsed !== undefined) return; // Was on its way.
        try {
          check.next(message);
        } catch (error) {
          reject(error as Error);
        }
        cancelIfComplete();
      },
      (error) => {
        clearTimeout(timer);
        if (error) reject(error);
        else if (elapsed === undefined) reject(new Error('the stream has ended'));
        else resolve({ messages: check.count, ms: elapsed });
      },
    );
  });
}
