import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { framed } from '../../fixtures/grpc/framed.js';
import { openCall } from '../../fixtures/grpc/raw-request.js';
import { stubOf } from '../../fixtures/grpc/service.js';
import { Site } from '../../fixtures/grpc/site.js';
import { FLAG, frame, RawClient, TYPE } from '../../fixtures/http2/raw-client.js';

const CALLS = 100;

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.close());

/** User code that takes its time. */
function beBusy(): void {
  const end = performance.now() + 1;
  while (performance.now() < end);
}

/** Counts turns of the event loop until `isOver`. */
function countTurns(isOver: () => boolean): { turns: number } {
  const counter = { turns: 0 };
  const count = (): void => {
    counter.turns += 1;
    if (!isOver()) setImmediate(count);
  };
  setImmediate(count);
  return counter;
}

describe('calls that arrive together', () => {
  it('begin in several turns of the event loop, in order', async () => {
    const begun: string[] = [];
    let counter: { turns: number } | undefined;
    const { address } = await site.serve({
      unary: ({ request }, callback) => {
        counter ??= countTurns(() => begun.length === CALLS);
        beBusy();
        begun.push(request.toString());
        callback(null, request);
      },
    });
    const client = await new RawClient(Number(address.split(':')[1])).greet();
    site.after(() => client.socket.destroy());

    const requests = Array.from({ length: CALLS }, (_, i) => [
      openCall(1 + 2 * i, 'unary'),
      frame(TYPE.data, FLAG.endStream, 1 + 2 * i, framed(Buffer.from(String(i)))),
    ]);
    client.write(...requests.flat());
    await client.until(
      ({ type, flags, streamId }) =>
        type === TYPE.headers && (flags & FLAG.endStream) > 0 && streamId === 2 * CALLS - 1,
    );

    expect(begun).toEqual(Array.from({ length: CALLS }, (_, i) => String(i)));
    expect(counter!.turns).toBeGreaterThan(2);
  });

  it('end in several turns of the event loop, in order', async () => {
    const waiting: (() => void)[] = [];
    const { address } = await site.serve({
      unary: ({ request }, callback) => {
        waiting.push(() => callback(null, request));
        if (waiting.length === CALLS) waiting.forEach((answer) => answer());
      },
    });
    const stub = stubOf(site.channel(address));
    const ended: number[] = [];
    let counter: { turns: number } | undefined;
    await Promise.all(
      Array.from(
        { length: CALLS },
        (_, i) =>
          new Promise<void>((resolve, reject) => {
            stub.unary(Buffer.from(String(i)), (error: Error | null) => {
              counter ??= countTurns(() => ended.length === CALLS);
              beBusy();
              ended.push(i);
              if (error) reject(error);
              else resolve();
            });
          }),
      ),
    );

    expect(ended).toEqual(Array.from({ length: CALLS }, (_, i) => i));
    expect(counter!.turns).toBeGreaterThan(2);
  });
});
