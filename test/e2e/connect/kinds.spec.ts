import { describe, expect, it } from 'vitest';
import { directions } from '../../fixtures/nest/pair.js';
import { collected, texts } from '../../fixtures/connect/streams.js';
import { startTalk, type TalkHandlers } from '../../fixtures/connect/talk.js';

const handlers: TalkHandlers = {
  Ask: ({ request }, callback) => callback(null, { text: `${request.text}?` }),
  Listen: (call) => {
    for (const text of call.request.text ?? '') call.write({ text });
    call.end();
  },
  Tell: async (call, callback) => {
    const heard: string[] = [];
    for await (const { text } of call) heard.push(text as string);
    callback(null, { text: heard.join(' ') });
  },
  Discuss: (call) => {
    call.on('data', ({ text }) => call.write({ text: `${text}!` }));
    call.on('end', () => call.end());
  },
};

describe.each(directions)('a client of Connect, %s,', (direction) => {
  it('makes unary calls', async () => {
    const { talk } = await startTalk(direction, handlers);

    expect((await talk.ask({ text: 'who' })).text).toBe('who?');
  });

  it('makes calls with a response stream', async () => {
    const { talk } = await startTalk(direction, handlers);

    const received = await collected(talk.listen({ text: 'abc' }));

    expect(received.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  });

  it('makes calls with a response stream that is empty', async () => {
    const { talk } = await startTalk(direction, handlers);

    expect(await collected(talk.listen({ text: '' }))).toEqual([]);
  });

  it('makes calls with a request stream', async () => {
    const { talk } = await startTalk(direction, handlers);

    expect((await talk.tell(texts('one', 'two', 'three'))).text).toBe('one two three');
  });

  it('makes calls with both streams, and may wait for a response before it sends more', async () => {
    const { talk } = await startTalk(direction, handlers);
    const answers: string[] = [];
    let hear!: () => void;
    async function* conversation() {
      for (const text of ['a', 'b', 'c']) {
        const heard = new Promise<void>((resolve) => (hear = resolve));
        yield { text };
        await heard;
      }
    }

    for await (const { text } of talk.discuss(conversation())) {
      answers.push(text);
      hear();
    }

    expect(answers).toEqual(['a!', 'b!', 'c!']);
  });

  it('carries bytes and empty messages', async () => {
    const { talk } = await startTalk(direction, {
      Ask: ({ request }, callback) => callback(null, request),
    });

    const padding = new Uint8Array([0, 1, 254, 255]);
    const echoed = await talk.ask({ padding });

    expect(echoed.padding).toStrictEqual(padding);
    expect(await talk.ask({})).toMatchObject({ text: '' });
  });
});
