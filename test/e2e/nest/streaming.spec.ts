import { once } from 'node:events';
import { Metadata, status } from '@grpc/grpc-js';
import { firstValueFrom, map, range, Subject, tap, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { directions, startDirection, startPair } from '../../fixtures/nest/pair.js';
import type { Calls, CountNumber } from '../../fixtures/nest/protos.js';

describe.each(directions)('a %s call', (direction) => {
  const start = () => startDirection(direction);

  it('gets the one answer of a unary method', async () => {
    const { calls } = await start();

    expect(await firstValueFrom(calls.echo({ text: 'hello' }))).toEqual({ text: 'hello' });
  });

  it('gets 1000 streamed messages, each once and in order', async () => {
    const { calls } = await start();

    const values = await firstValueFrom(calls.count({ count: 1000 }).pipe(toArray()));

    expect(values).toEqual(Array.from({ length: 1000 }, (_, value) => ({ value })));
  });

  it('gets the end of a stream without messages', async () => {
    const { calls } = await start();

    expect(await firstValueFrom(calls.count({ count: 0 }).pipe(toArray()))).toEqual([]);
  });

  it('streams 1000 messages to a method that answers when it has them all', async () => {
    const { calls } = await start();
    const numbers = range(0, 1000).pipe(map((value) => ({ value })));

    expect(await firstValueFrom(calls.sum(numbers))).toEqual({ value: 499_500 });
  });

  it('converses: each message is answered before the next is sent', async () => {
    const { calls } = await start();
    const words = ['one', 'two', 'three'];
    const questions = new Subject<{ text: string }>();
    const ask = (): void => {
      const text = words.shift();
      if (text === undefined) questions.complete();
      else questions.next({ text });
    };

    const answers = firstValueFrom(calls.chat(questions).pipe(tap(ask), toArray()));
    ask();

    expect(await answers).toEqual([{ text: 'one!' }, { text: 'two!' }, { text: 'three!' }]);
  });

  it('that is unsubscribed from is cancelled where it is handled', async () => {
    const { calls, handler } = await start();
    const started = once(handler.events, 'started');
    const subscription = calls.hang({}).subscribe({ error: () => {} });
    await started;
    const cancelled = once(handler.events, 'cancelled');

    subscription.unsubscribe();

    await cancelled;
  });

  it('that is unsubscribed from in mid-stream has the handler unsubscribed from, too', async () => {
    const { calls, handler } = await start();
    const unsubscribed = once(handler.events, 'unsubscribed');

    // Takes the first message and unsubscribes.
    expect(await firstValueFrom(calls.hangStream({ text: 'first' }))).toEqual({ text: 'first' });

    await unsubscribed;
  });

  it('tells its deadline to the handler, and ends on both sides when it is over', async () => {
    const { calls, handler } = await start();
    const started = once(handler.events, 'started');
    const cancelled = once(handler.events, 'cancelled');
    const deadline = Date.now() + 500;

    const call = firstValueFrom(calls.hang({}, new Metadata(), { deadline }));

    await expect(call).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await cancelled;
    const [, told] = (await started) as [Metadata, Date | number];
    expect(Math.abs(Number(told) - deadline)).toBeLessThan(5000); // Not none, which is Infinity.
  });

  it('ends an endless stream when its deadline is over', async () => {
    const { calls, handler } = await start();
    const unsubscribed = once(handler.events, 'unsubscribed');
    const options = { deadline: Date.now() + 500 };

    const stream = calls.hangStream({}, new Metadata(), options).pipe(toArray());

    await expect(firstValueFrom(stream)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await unsubscribed;
  });

  it('takes metadata to the handler, text and binary', async () => {
    const { calls, handler } = await start();
    const metadata = new Metadata();
    metadata.add('branch', 'main');
    metadata.add('branch', 'next');
    metadata.set('token-bin', Buffer.from([0, 1, 254, 255]));
    const started = once(handler.events, 'started');

    await firstValueFrom(calls.echo({}, metadata));

    const [received] = (await started) as [Metadata];
    expect(received.get('branch').join()).toMatch(/^main, ?next$/);
    expect(received.get('token-bin')).toEqual([Buffer.from([0, 1, 254, 255])]);
  });

  it('brings metadata of the handler back', async () => {
    const { stub } = await start();

    const call = stub.echo({}, () => {});

    const [received] = (await once(call, 'metadata')) as [Metadata];
    expect(received.get('served-by')).toEqual(['calls']);
  });

  it('gets code, details and metadata of the status that a handler fails with', async () => {
    const { calls } = await start();

    const call = firstValueFrom(calls.fail({ code: status.ABORTED, details: 'no quorum: 1/3' }));

    await expect(call).rejects.toMatchObject({
      code: status.ABORTED,
      details: 'no quorum: 1/3',
    });
    const trailers = await call.catch((error: { metadata: Metadata }) => error.metadata);
    expect((trailers as Metadata).get('served-by')).toEqual(['calls']);
  });

  it('gets what was streamed before a handler failed, then the status', async () => {
    const { calls } = await start();
    const seen: CountNumber[] = [];

    const stream = calls
      .failStream({ code: status.DATA_LOSS, details: 'disk gone' })
      .pipe(tap((number) => seen.push(number)));

    await expect(firstValueFrom(stream.pipe(toArray()))).rejects.toMatchObject({
      code: status.DATA_LOSS,
      details: 'disk gone',
    });
    expect(seen).toEqual([{ value: 1 }, { value: 2 }]);
  });

  it('to a method that the other side does not serve gets UNIMPLEMENTED', async () => {
    const { calls } = await start();

    await expect(firstValueFrom(calls.unserved({}))).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });

  it('is one of 200 at once, and each gets its own answer', async () => {
    const { calls } = await start();
    const texts = Array.from({ length: 200 }, (_, index) => ({ text: `call ${index}` }));

    const replies = await Promise.all(texts.map((text) => firstValueFrom(calls.echo(text))));

    expect(replies).toEqual(texts);
  });
});

describe('one connection', () => {
  it('carries streams in both directions at once, and unary calls between them', async () => {
    const { client, peer } = await startPair();
    const stubs = [client.getService<Calls>('Calls'), peer.getService<Calls>('Calls')];

    const streams = stubs.map((calls) =>
      firstValueFrom(calls.count({ count: 5000 }).pipe(toArray())),
    );
    const echoes = stubs.map((calls) => firstValueFrom(calls.echo({ text: 'between' })));

    expect(await Promise.all(echoes)).toEqual([{ text: 'between' }, { text: 'between' }]);
    for (const values of await Promise.all(streams)) {
      expect(values).toEqual(Array.from({ length: 5000 }, (_, value) => ({ value })));
    }
  });
});
