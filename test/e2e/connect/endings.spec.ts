import { Code } from '@connectrpc/connect';
import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { catchEscapes } from '../../fixtures/nest/escapes.js';
import { directions } from '../../fixtures/nest/pair.js';
import { collected, signal, texts } from '../../fixtures/connect/streams.js';
import { startTalk, type TalkHandlers } from '../../fixtures/connect/talk.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Handlers that answer nothing, and tell when they begin and when they are cancelled. */
function silent(begin: () => void, cancel: () => void): TalkHandlers {
  return {
    Ask: (call) => {
      if (call.cancelled) return;
      call.on('cancelled', cancel);
      begin();
    },
    Listen: (call) => {
      if (call.cancelled) return;
      call.on('cancelled', cancel);
      call.write({ text: 'first' });
      begin();
    },
    Discuss: (call) => {
      call.on('cancelled', cancel);
      call.on('data', begin);
    },
  };
}

describe.each(directions)('a call of a client of Connect, %s,', (direction) => {
  it.each(['ask', 'listen'] as const)('ends at its timeout (%s)', async (method) => {
    const [isCancelled, cancel] = signal();
    const begun: string[] = [];
    const { talk } = await startTalk(
      direction,
      silent(() => begun.push(method), cancel),
    );

    // On a busy machine, the time may be over before the handler is called.
    for (let timeoutMs = 200; begun.length === 0; timeoutMs *= 2) {
      const options = { timeoutMs };
      const call = method === 'ask' ? talk.ask({}, options) : collected(talk.listen({}, options));

      await expect(call).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    }
    await isCancelled;
  });

  it('tells the other end its deadline', async () => {
    let deadline!: Date | number;
    const { talk } = await startTalk(direction, {
      Ask: (call, callback) => {
        deadline = call.getDeadline();
        callback(null, {});
      },
    });
    const before = Date.now();

    await talk.ask({}, { timeoutMs: DAY_MS });
    const latest = Date.now() + DAY_MS;

    expect(Number(deadline)).toBeGreaterThan(before + DAY_MS - 1000);
    expect(Number(deadline)).toBeLessThanOrEqual(latest + 1000);
  });

  it('has the timeout of the transport unless it has its own; 0 is none', async () => {
    const deadlines: number[] = [];
    const { talk } = await startTalk(
      direction,
      {
        Ask: (call, callback) => {
          deadlines.push(Number(call.getDeadline()));
          callback(null, {});
        },
      },
      { transport: { defaultTimeoutMs: DAY_MS } },
    );
    const now = Date.now();

    await talk.ask({});
    await talk.ask({}, { timeoutMs: 2 * DAY_MS });
    await talk.ask({}, { timeoutMs: 0 });

    expect(deadlines.map((deadline) => Math.round((deadline - now) / DAY_MS))).toEqual([
      1,
      2,
      Infinity,
    ]);
  });

  it.each([365 * DAY_MS, Number.MAX_SAFE_INTEGER, Infinity])(
    'may have a timeout that is longer than timers can be (%d ms)',
    async (timeoutMs) => {
      const escaped = catchEscapes();
      const { talk } = await startTalk(direction, {
        Ask: (_call, callback) => callback(null, { text: 'in time' }),
      });

      expect((await talk.ask({}, { timeoutMs })).text).toBe('in time');
      expect(escaped).toEqual([]);
    },
  );

  it.each(['ask', 'listen', 'discuss'] as const)(
    'ends when its signal is aborted, and the handler is told (%s)',
    async (method) => {
      const [isRunning, begin] = signal();
      const [isCancelled, cancel] = signal();
      const { talk } = await startTalk(direction, silent(begin, cancel));
      const controller = new AbortController();
      const options = { signal: controller.signal };
      const call = {
        ask: () => talk.ask({}, options),
        listen: () => collected(talk.listen({}, options)),
        discuss: () => collected(talk.discuss(texts('a'), options)),
      }[method]();
      call.catch(() => {});
      await isRunning;

      controller.abort();

      await expect(call).rejects.toMatchObject({ code: Code.Canceled });
      await isCancelled;
    },
  );

  it('does not begin when its signal is aborted already', async () => {
    let calls = 0;
    const { talk } = await startTalk(direction, {
      Ask: (_call, callback) => {
        calls += 1;
        callback(null, {});
      },
    });

    await expect(talk.ask({}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: Code.Canceled,
    });
    await talk.ask({});
    expect(calls).toBe(1);
  });

  it('ends when the reader of its response leaves', async () => {
    const [isCancelled, cancel] = signal();
    const { talk } = await startTalk(
      direction,
      silent(() => {}, cancel),
    );

    for await (const { text } of talk.listen({})) {
      expect(text).toBe('first');
      break;
    }

    await isCancelled;
  });

  it('ends its request stream when the other end has answered', async () => {
    const [isReleased, release] = signal();
    const { talk } = await startTalk(direction, {
      Tell: (call, callback) => void call.once('data', () => callback(null, { text: 'enough' })),
    });
    async function* endless() {
      try {
        for (;;) yield { text: 'more' };
      } finally {
        release();
      }
    }

    expect((await talk.tell(endless())).text).toBe('enough');
    await isReleased;
  });

  it.each(['ask', 'listen'] as const)(
    'that begins on a closed channel fails with unavailable (%s)',
    async (method) => {
      const { talk, end } = await startTalk(direction, {});
      await end();

      const call = method === 'ask' ? talk.ask({}) : collected(talk.listen({}));

      await expect(call).rejects.toMatchObject({ code: Code.Unavailable });
    },
  );
});

describe('a call whose signal an interceptor of grpc-js aborts as it starts', () => {
  it.each(['ask', 'listen'] as const)('ends (%s)', async (method) => {
    const controller = new AbortController();
    const aborting: Interceptor = (options, next) =>
      new InterceptingCall(next(options), {
        start: (metadata, listener, forward) => {
          controller.abort();
          forward(metadata, listener);
        },
      });
    const { talk } = await startTalk(
      'backchannel',
      silent(
        () => {},
        () => {},
      ),
      { interceptors: [aborting] },
    );
    const options = { signal: controller.signal };

    const call = method === 'ask' ? talk.ask({}, options) : collected(talk.listen({}, options));

    await expect(call).rejects.toMatchObject({ code: Code.Canceled });
  });
});

describe('a call whose status an interceptor of grpc-js withholds', () => {
  const withholding: Interceptor = (options, next) =>
    new InterceptingCall(next(options), {
      start: (metadata, _listener, forward) => forward(metadata, { onReceiveStatus: () => {} }),
    });

  it.each([
    ['ask', 'timeout', Code.DeadlineExceeded],
    ['listen', 'timeout', Code.DeadlineExceeded],
    ['ask', 'signal', Code.Canceled],
    ['listen', 'signal', Code.Canceled],
  ] as const)('ends all the same (%s, by its %s)', async (method, by, code) => {
    const [isRunning, begin] = signal();
    const { talk } = await startTalk(
      'backchannel',
      silent(begin, () => {}),
      { interceptors: [withholding] },
    );
    const controller = new AbortController();
    const options = by === 'timeout' ? { timeoutMs: 200 } : { signal: controller.signal };

    const call = method === 'ask' ? talk.ask({}, options) : collected(talk.listen({}, options));
    call.catch(() => {});
    await isRunning;
    controller.abort();

    await expect(call).rejects.toMatchObject({ code });
  });
});
