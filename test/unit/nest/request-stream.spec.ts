import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import {
  concat,
  firstValueFrom,
  forkJoin,
  lastValueFrom,
  map,
  mergeMap,
  take,
  toArray,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { RequestStream } from '../../../lib/nest/grpc/request-stream.js';

/** As many as a stream of Node reads ahead. */
const AHEAD = 16;

/** A call with requests 0, 1, 2, …, of which it tells how many were read. */
class NumberedCall extends Duplex {
  read_ = 0;
  readonly #count: number;

  constructor(count: number) {
    super({ objectMode: true });
    this.#count = count;
  }

  override _read(): void {
    setImmediate(() => this.push(this.read_ < this.#count ? this.read_++ : null));
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await turn();
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('the requests of a call', () => {
  it('are not read before somebody subscribes, and none is lost then', async () => {
    const call = new NumberedCall(100);
    const { requests } = new RequestStream(call);
    await turns(50);
    expect(call.read_).toBe(0);
    expect(await lastValueFrom(requests.pipe(toArray()))).toEqual(upTo(100));
  });

  it('are not read while nobody is subscribed any more', async () => {
    const call = new NumberedCall(100);
    const { requests } = new RequestStream(call);
    expect(await firstValueFrom(requests)).toBe(0);
    await turns(100);
    expect(call.read_).toBeLessThanOrEqual(AHEAD + 2);
    expect(await lastValueFrom(requests.pipe(toArray()))).toEqual(upTo(100).slice(1));
  });

  it('go on where another subscription ended, also from within it', async () => {
    const within = new RequestStream(new NumberedCall(5)).requests;
    const rest = within.pipe(
      take(1),
      mergeMap(() => within.pipe(toArray())),
    );
    expect(await lastValueFrom(rest)).toEqual([1, 2, 3, 4]);
    const behind = new RequestStream(new NumberedCall(5)).requests;
    const all = concat(behind.pipe(take(2)), behind).pipe(toArray());
    expect(await lastValueFrom(all)).toEqual(upTo(5));
  });

  it('all come to those who subscribe in the same turn', async () => {
    const { requests } = new RequestStream(new NumberedCall(5));
    const both = forkJoin([requests.pipe(toArray()), requests.pipe(toArray())]);
    expect(await lastValueFrom(both)).toEqual([upTo(5), upTo(5)]);
  });

  it('are not read while they are held', async () => {
    const call = new NumberedCall(100);
    const stream = new RequestStream(call);
    const seen: unknown[] = [];
    stream.requests.subscribe((request) => seen.push(request));
    await turns(5);
    const release = stream.hold();
    const before = seen.length;
    await turns(100);
    expect(seen).toHaveLength(before);
    expect(call.read_).toBeLessThanOrEqual(before + AHEAD + 2);
    release();
    await turns(300);
    expect(seen).toEqual(upTo(100));
  });

  it('wait for the body of for await', async () => {
    const call = new NumberedCall(100);
    const { requests } = new RequestStream(call);
    const seen: unknown[] = [];
    for await (const request of requests) {
      seen.push(request);
      if (seen.length === 1) await turns(100);
      if (seen.length === 1) expect(call.read_).toBeLessThanOrEqual(AHEAD + 3);
    }
    expect(seen).toEqual(upTo(100));
  });

  it('end when the call does, for whoever waits and whoever comes later', async () => {
    const call = new NumberedCall(Infinity);
    const { requests } = new RequestStream(call);
    const seen = lastValueFrom(
      requests.pipe(
        map(() => 'some'),
        toArray(),
      ),
    );
    await turns(20);
    call.emit('cancelled');
    call.destroy();
    expect(new Set(await seen)).toEqual(new Set(['some']));
    expect(await lastValueFrom(requests.pipe(toArray()))).toEqual([]);
  });

  it('are not missing what a guard has looked at', async () => {
    const call = new NumberedCall(5);
    const { requests } = new RequestStream(call);
    const first = await new Promise((resolve) => call.once('data', resolve));
    await turns(20);
    expect(first).toBe(0);
    expect(await lastValueFrom(requests.pipe(toArray()))).toEqual(upTo(5));
  });
});
