import { Code } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { catchEscapes } from '../../fixtures/nest/escapes.js';
import { directions } from '../../fixtures/nest/pair.js';
import { collected, signal } from '../../fixtures/connect/streams.js';
import { startTalk, type TalkHandlers } from '../../fixtures/connect/talk.js';

interface Text {
  text: string;
}

/** A request with one message and no end. A `ReadableStream` gives only one iterator. */
const web = (): AsyncIterable<Text> =>
  new ReadableStream<Text>({ start: (controller) => controller.enqueue({ text: 'first' }) });

/** The same with a new iterator for each reader. Only an iterator that was read tells its end. */
const fresh = (onEnd = (): void => {}): AsyncIterable<Text> => ({
  [Symbol.asyncIterator]: () => {
    let asked = 0;
    return {
      next: () => {
        asked += 1;
        const done = false;
        return asked === 1 ? Promise.resolve({ done, value: { text: 'first' } }) : forever;
      },
      return: () => {
        if (asked > 0) onEnd();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  },
});

const forever = new Promise<never>(() => {});

const answering: TalkHandlers = {
  Tell: (call, callback) => void call.once('data', () => callback(null, { text: 'enough' })),
};

describe.each(directions)('a request of a client of Connect, %s,', (direction) => {
  it('is ended when the other end has answered', async () => {
    const [isEnded, end] = signal();
    const { talk } = await startTalk(direction, answering);

    expect((await talk.tell(fresh(end))).text).toBe('enough');
    await isEnded;
  });

  it('may be a ReadableStream that goes on when the other end has answered', async () => {
    const escaped = catchEscapes();
    const { talk } = await startTalk(direction, answering);

    expect((await talk.tell(web())).text).toBe('enough');
    await talk.tell(web());

    expect(escaped).toEqual([]);
  });

  it.each([
    ['ReadableStream', web],
    ['iterable with an iterator for each reader', () => fresh()],
  ])('that is a %s may be aborted', async (_kind, endless) => {
    const escaped = catchEscapes();
    const [isRunning, begin] = signal();
    const { talk } = await startTalk(direction, { Discuss: (call) => call.once('data', begin) });
    const controller = new AbortController();

    const call = collected(talk.discuss(endless(), { signal: controller.signal }));
    call.catch(() => {});
    await isRunning;
    controller.abort();

    await expect(call).rejects.toMatchObject({ code: Code.Canceled });
    expect(escaped).toEqual([]);
  });

  it('fails the call, and nothing else, if it throws instead of giving an iterator', async () => {
    const escaped = catchEscapes();
    const { talk } = await startTalk(direction, answering);
    const broken = {
      [Symbol.asyncIterator]: (): never => {
        throw new Error('no iterator');
      },
    };

    await expect(talk.tell(broken)).rejects.toMatchObject({ rawMessage: 'no iterator' });
    await talk.tell(fresh());

    expect(escaped).toEqual([]);
  });
});
