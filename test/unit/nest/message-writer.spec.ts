import { Readable, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { concat, from, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../lib/nest/grpc/handler-failures.js';
import { MessageWriter, type MessageSource } from '../../../lib/nest/grpc/message-writer.js';
import { WaitingMemory } from '../../../lib/nest/grpc/waiting-memory.js';

const messages = (count: number): { i: number }[] =>
  Array.from({ length: count }, (_, i) => ({ i }));

/** A call that takes a message when the test says so. */
class SlowCall extends Writable {
  readonly taken: unknown[] = [];
  #next: (() => void) | undefined;

  constructor() {
    super({ objectMode: true, highWaterMark: 2 });
  }

  override _write(message: unknown, _encoding: string, callback: () => void): void {
    this.taken.push(message);
    this.#next = callback;
  }

  async take(count = Infinity): Promise<void> {
    for (let i = 0; i < count && this.#next; i += 1) {
      const next = this.#next;
      this.#next = undefined;
      next();
      await turn();
    }
  }
}

class Writing {
  readonly call = new SlowCall();
  readonly told: unknown[] = [];
  readonly writer: MessageWriter;

  constructor(source: MessageSource, memory = new WaitingMemory()) {
    this.writer = new MessageWriter(this.call, {
      owner: 'the test',
      memory,
      sizeOf: () => 100,
      onComplete: () => this.told.push('complete'),
      onError: (error, kind) => this.told.push([kind, (error as Error).message]),
      onFailure: ({ code, details }: Failure) => this.told.push([status[code], details]),
      onBacklog: (isLong) => {
        if (isLong) this.told.push('long backlog');
      },
    });
    this.writer.start(source);
  }
}

/** Counts what it was asked for. */
function counted(count: number, end?: Error) {
  const source = { given: 0, returned: false, iterate };
  async function* iterate(): AsyncGenerator<object> {
    try {
      for (; source.given < count;) yield { i: source.given++ };
      if (end) throw end;
    } finally {
      source.returned = true;
    }
  }
  return source;
}

describe('a writer of messages', () => {
  it('asks an async iterable for no more than is taken', async () => {
    const source = counted(50);
    const { call, told } = new Writing(source.iterate());
    await turn();
    expect(source.given).toBe(2);
    await call.take(10);
    expect(source.given).toBeLessThanOrEqual(13);
    await call.take();
    expect(call.taken).toEqual(messages(50));
    expect(told).toEqual(['complete']);
  });

  it('takes iterables, streams, and observables, and async iterables from these', async () => {
    const sources = [
      messages(20),
      Readable.from(messages(20)),
      from(messages(20)),
      concat(from(messages(10)), of(Readable.from(messages(20).slice(10)))),
    ];
    for (const source of sources) {
      const { call, told } = new Writing(source);
      await turn();
      for (let i = 0; i < 30; i += 1) await call.take();
      expect(call.taken).toEqual(messages(20));
      expect(told.filter((what) => what !== 'long backlog')).toEqual(['complete']);
    }
  });

  it('lets go of its source when it is stopped', async () => {
    const source = counted(50);
    const iterating = new Writing(source.iterate());
    const stream = Readable.from(messages(50));
    const streaming = new Writing(stream);
    const subject = new Subject<unknown>();
    const observing = new Writing(subject);
    await turn();
    for (const { writer } of [iterating, streaming, observing]) writer.stop();
    await turn();
    expect(source.returned).toBe(true);
    expect(stream.destroyed).toBe(true);
    expect(subject.observed).toBe(false);
    expect([...iterating.told, ...streaming.told, ...observing.told]).toEqual([]);
  });

  it('tells the failure of its source behind the messages before it', async () => {
    const iterating = new Writing(counted(5, new Error('gone')).iterate());
    await turn();
    await iterating.call.take();
    expect(iterating.call.taken).toEqual(messages(5));
    expect(iterating.told).toEqual([['iterable', 'gone']]);
    const subject = new Subject<unknown>();
    const observing = new Writing(subject);
    for (const message of messages(5)) subject.next(message);
    subject.error(new Error('gone'));
    expect(observing.told).toEqual([]);
    await observing.call.take();
    expect(observing.call.taken).toEqual(messages(5));
    expect(observing.told).toEqual([['observable', 'gone']]);
  });

  it('lets messages of an observable wait, up to a limit that several writers share', async () => {
    const memory = new WaitingMemory(1000);
    const sources = [new Subject<unknown>(), new Subject<unknown>()] as const;
    const [first, second] = sources.map((source) => new Writing(source, memory)) as [
      Writing,
      Writing,
    ];
    const emit = (source: Subject<unknown>, count: number): void => {
      for (const message of messages(count)) source.next(message);
    };
    emit(sources[0], 2 + 6);
    emit(sources[1], 2 + 4);
    expect([...first.told, ...second.told]).toEqual([]);
    emit(sources[0], 1);
    expect(first.told).toEqual([['RESOURCE_EXHAUSTED', expect.stringContaining('the test')]]);
    // What the first one gave up is free for the second one, and so is what was taken.
    emit(sources[1], 6);
    await second.call.take();
    expect(second.call.taken).toHaveLength(12);
    emit(sources[1], 1 + 10);
    emit(sources[1], 3);
    expect(second.told.at(-1)).toEqual(['RESOURCE_EXHAUSTED', expect.any(String)]);
  });

  it('takes all that an observable emits at once', async () => {
    const { call, told } = new Writing(from(messages(100)), new WaitingMemory(1000));
    await call.take();
    expect(call.taken).toEqual(messages(100));
    expect(told).toEqual(['long backlog', 'complete']);
  });

  it.each([null, undefined, 'text', 7, Symbol('s')])('fails for %s', async (odd) => {
    const { call, told } = new Writing(of({ i: 0 }, odd as never, { i: 1 }));
    await call.take();
    expect(call.taken).toEqual([{ i: 0 }]);
    expect(told).toEqual([['INTERNAL', expect.stringContaining('in place of a message')]]);
  });
});
