import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { InterceptingCall, type Interceptor as GrpcInterceptor } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { directions } from '../../fixtures/nest/pair.js';
import { collected, texts } from '../../fixtures/connect/streams.js';
import { startTalk, type TalkHandlers } from '../../fixtures/connect/talk.js';

afterEach(() => vi.restoreAllMocks());

/** Tells the caller the header that its interceptors set. */
const handlers: TalkHandlers = {
  Ask: ({ metadata, request }, callback) =>
    callback(null, { text: `${request.text} ${metadata.get('by').join(',')}` }),
  Discuss: (call) => {
    call.on('data', ({ text }) =>
      call.write({ text: `${text} ${call.metadata.get('by').join(',')}` }),
    );
    call.on('end', () => call.end());
  },
};

/** Adds a name to the header `by`. */
const signing =
  (name: string): Interceptor =>
  (next) =>
  (request) => {
    const before = request.header.get('by');
    request.header.set('by', before === null ? name : `${before}-${name}`);
    return next(request);
  };

describe.each(directions)('interceptors of Connect, %s,', (direction) => {
  it('run on calls, the first one first', async () => {
    const transport = { interceptors: [signing('one'), signing('two')] };
    const { talk } = await startTalk(direction, handlers, { transport });

    expect((await talk.ask({ text: 'by' })).text).toBe('by one-two');
    const answers = await collected(talk.discuss(texts('a', 'b')));
    expect(answers.map(({ text }) => text)).toEqual(['a one-two', 'b one-two']);
  });

  it('see method, url and messages, and may change the response', async () => {
    const seen: unknown[] = [];
    const watching: Interceptor = (next) => async (request) => {
      seen.push(request.service.typeName, request.method.name, request.url);
      const response = await next(request);
      if (!response.stream) seen.push(response.message.$typeName);
      return response;
    };
    const transport = { interceptors: [watching] };
    const { talk } = await startTalk(direction, handlers, { transport });

    await talk.ask({});

    expect(seen).toEqual(['talk.Talk', 'Ask', 'http://backchannel/talk.Talk/Ask', 'talk.Words']);
  });

  it('may refuse a call, and make another one after a failure', async () => {
    let calls = 0;
    const retrying: Interceptor = (next) => async (request) => {
      try {
        return await next(request);
      } catch (error) {
        if (ConnectError.from(error).code !== Code.Unavailable) throw error;
        return next(request);
      }
    };
    const { talk } = await startTalk(
      direction,
      {
        Ask: (_call, callback) => {
          calls += 1;
          if (calls === 1) callback({ code: Code.Unavailable as number, details: 'busy' });
          else callback(null, { text: 'done' });
        },
      },
      { transport: { interceptors: [retrying] } },
    );

    expect((await talk.ask({})).text).toBe('done');
    expect(calls).toBe(2);
  });
});

describe('interceptors of grpc-js that a listening side has for its peers', () => {
  it('run on calls of a client of Connect, with its messages', async () => {
    const seen: unknown[] = [];
    const watching: GrpcInterceptor = (options, next) =>
      new InterceptingCall(next(options), {
        start: (metadata, _listener, forward) => {
          const { path, requestStream, responseStream } = options.method_definition;
          seen.push([path, requestStream, responseStream]);
          metadata.set('by', 'grpc-js');
          forward(metadata, {
            onReceiveMessage: (message, pass) => {
              seen.push(message.text);
              pass(message);
            },
          });
        },
        sendMessage: (message, forward) => {
          seen.push(message.text);
          forward(message);
        },
      });
    const { talk } = await startTalk('backchannel', handlers, { interceptors: [watching] });

    await talk.ask({ text: 'a' });
    await collected(talk.discuss(texts('b')));

    expect(seen).toEqual([
      ['/talk.Talk/Ask', false, false],
      'a',
      'a grpc-js',
      ['/talk.Talk/Discuss', true, true],
      'b',
      'b grpc-js',
    ]);
  });

  it('are told one deadline, however often an interceptor of Connect makes the call', async () => {
    const deadlines: unknown[] = [];
    const watching: GrpcInterceptor = (options, next) => {
      deadlines.push(options.deadline);
      return new InterceptingCall(next(options));
    };
    const retrying: Interceptor = (next) => async (request) => {
      await next(request);
      const later = Date.now() + 1000;
      vi.spyOn(Date, 'now').mockReturnValue(later);
      return next(request);
    };
    const { talk } = await startTalk('backchannel', handlers, {
      interceptors: [watching],
      transport: { interceptors: [retrying] },
    });

    await talk.ask({}, { timeoutMs: 60_000 });

    expect(deadlines).toEqual([expect.any(Number), deadlines[0]]);
  });
});
