import type { Random } from '../random.js';
import type { CallBook } from './call-book.js';
import { planCall } from './call-plan.js';
import { makeCall } from './make-call.js';
import type { SoakClient } from './protos.js';

/** Milliseconds without the end of any call after which no more are expected: the longest plan takes 20. */
const PATIENCE_MS = 20_000;

/**
 * Makes `count` calls, `inFlight` of them at any time. Resolves when all have ended, or when those that
 * have not never will; `book` knows which.
 */
export function load(
  client: SoakClient,
  { count, inFlight }: { count: number; inFlight: number },
  random: Random,
  book: CallBook,
): Promise<void> {
  const atOnce = Math.min(inFlight, count);
  let left = count - atOnce;
  let ended = 0;
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS);
    const start = (): void => {
      const plan = planCall(random);
      const end = book.begin(`${plan.kind}, ${plan.task.action}`, plan.expected);
      makeCall(client, plan, (ending) => {
        end(ending);
        ended += 1;
        // Not from within the end of another: where a call ends at once that would nest for ever.
        if (left > 0) {
          left -= 1;
          setImmediate(start);
        }
        timer.refresh();
        if (ended < count) return;
        clearTimeout(timer);
        resolve();
      });
    };
    for (let i = 0; i < atOnce; i++) start();
  });
}
