import { firstValueFrom, Observable, of, toArray } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createTestStub } from 'nestjs-backchannel/testing';
import type { Calls } from '../../fixtures/nest/protos.js';

describe('a stub of a test', () => {
  it.each([
    ['a reply', () => ({ text: 'yes' })],
    ['a promise', () => Promise.resolve({ text: 'yes' })],
    ['an observable', () => of({ text: 'yes' })],
  ])('answers with %s', async (_, echo) => {
    const calls = createTestStub<Calls>({ echo });

    expect(await firstValueFrom(calls.echo({ text: 'well?' }))).toEqual({ text: 'yes' });
  });

  it('streams what an observable emits', async () => {
    const calls = createTestStub<Calls>({
      count: ({ count }) => of(...Array.from({ length: count }, (_, value) => ({ value }))),
    });

    expect(await firstValueFrom(calls.count({ count: 3 }).pipe(toArray()))).toEqual([
      { value: 0 },
      { value: 1 },
      { value: 2 },
    ]);
  });

  it('calls when somebody subscribes, as often as they do, with all that was given', async () => {
    const echo = vi.fn(() => ({ text: 'yes' }));
    const reply = createTestStub<Calls>({ echo }).echo({ text: 'well?' }, undefined, {
      deadline: 7,
    });
    expect(echo).not.toHaveBeenCalled();
    await firstValueFrom(reply);
    await firstValueFrom(reply);

    expect(echo.mock.calls).toEqual(
      Array.from({ length: 2 }, () => [{ text: 'well?' }, undefined, { deadline: 7 }]),
    );
  });

  it('replies later, never while it is being subscribed to', async () => {
    const replies: unknown[] = [];
    const reply = createTestStub<Calls>({ echo: () => of({}) }).echo({});
    reply.subscribe((value) => replies.push(value));

    expect(replies).toEqual([]);
    await firstValueFrom(reply);
    expect(replies).toEqual([{}]);
  });

  it('makes an error of the call of what a method throws', async () => {
    const calls = createTestStub<Calls>({
      echo: () => {
        throw Object.assign(new Error('gone'), { code: 14 });
      },
    });

    await expect(firstValueFrom(calls.echo({}))).rejects.toMatchObject({ code: 14 });
  });

  it('stops an observable when nobody wants it any more', async () => {
    const stop = vi.fn();
    const started = vi.fn();
    const calls = createTestStub<Calls>({
      hangStream: () =>
        new Observable(() => {
          started();
          return stop;
        }),
    });
    const subscription = calls.hangStream({}).subscribe();
    await vi.waitUntil(() => started.mock.calls.length > 0);
    subscription.unsubscribe();

    expect(stop).toHaveBeenCalledOnce();
  });

  it('does not compile with a method, or a reply, that the service does not have', () => {
    // @ts-expect-error: there is no such method
    createTestStub<Calls>({ shout: () => ({ text: 'YES' }) });
    // @ts-expect-error: that is not its reply
    createTestStub<Calls>({ echo: () => ({ volume: 11 }) });
  });
});
