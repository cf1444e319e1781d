import type { Unary, UnaryDone } from '../protocol.js';
import type { Caller } from './end.js';
import { Latencies } from './latencies.js';

/** Calls in closed loops, `concurrency` of them on each caller, and checks every reply. */
export function loadUnary(callers: readonly Caller[], order: Unary): Promise<UnaryDone> {
  return new Promise((resolve, reject) => {
    const latencies = new Latencies();
    const start = performance.now();
    let running = callers.length * order.concurrency;
    const finish = (): void => {
      running -= 1;
      if (running > 0) return;
      const ms = performance.now() - start;
      resolve({ calls: latencies.count, ms, ...latencies.percentiles() });
    };
    for (const caller of callers) {
      for (let i = 0; i < order.concurrency; i++) {
        loop(caller, order.size, start + order.ms, latencies, finish, reject);
      }
    }
  });
}

let lastNumber = 0;

/**
 * One call after the other until `end`, and one at least, however slow the process is. No two requests
 * are alike, so that a reply to another call shows.
 */
function loop(
  caller: Caller,
  size: number,
  end: number,
  latencies: Latencies,
  onEnd: () => void,
  onError: (error: Error) => void,
): void {
  const request = Buffer.alloc(size, 0x5a);
  let start = performance.now();
  const call = (): void => {
    lastNumber = (lastNumber + 1) >>> 0;
    request.writeUInt32BE(lastNumber);
    caller.echo(request, onReply);
  };
  const next = (): void => {
    start = performance.now();
    if (start < end) call();
    else onEnd();
  };
  const onReply = (error: Error | null, reply?: Buffer): void => {
    if (error !== null) return onError(error);
    if (reply === undefined || !request.equals(reply)) {
      return onError(new Error(`the reply to call ${lastNumber} is not what was sent`));
    }
    latencies.add(performance.now() - start);
    next();
  };
  call();
}
