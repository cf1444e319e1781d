import { finalize } from 'rxjs';
import { scenario, type ScenarioGroup } from '../harness/scenario.js';

const answered = (text: unknown) => ({ answers: [text], end: 'complete' });

const withoutValue = (method: string) => ({
  answers: [],
  end: { code: 'INTERNAL', details: `the handler of ${method} completed without a value` },
});

const unserializable = {
  answers: [],
  end: { code: 'INTERNAL', details: 'Error serializing response' },
};

export const answers: ScenarioGroup = {
  title: 'What handlers return',
  scenarios: [
    scenario('a promise', (run) => run.outcome('Answers', 'Promised', ''), answered('promised')),
    scenario(
      'an observable of one value',
      (run) => run.outcome('Answers', 'Observed', ''),
      answered('observed'),
    ),
    scenario(
      'a promise of an observable',
      (run) => run.outcome('Answers', 'PromisedObservable', ''),
      answered('both'),
    ),
    scenario(
      'nothing, where the message has no fields',
      (run) => run.outcome('Answers', 'Void', ''),
      answered({}),
    ),
    scenario(
      'nothing, where the message has fields',
      (run) => run.outcome('Answers', 'VoidOfText', ''),
      unserializable,
    ),
    scenario(
      'an observable that completes without a value',
      (run) => run.outcome('Answers', 'None', ''),
      withoutValue('None'),
    ),
    scenario(
      'an observable of two values at once: the first is the answer',
      (run) => run.outcome('Answers', 'Two', ''),
      answered('first'),
    ),
    scenario(
      'an observable of two values: the first is the answer, before the second is there',
      (run) =>
        run.watch(
          run.call('Answers', 'TwoApart', '').pipe(finalize(() => run.journal.note('got'))),
        ),
      answered('first'),
    ),
    scenario(
      'an observable that goes on after its value: unsubscribed from when the call is over',
      async (run) => ({
        outcome: await run.outcome('Answers', 'Endless', ''),
        unsubscribed: await run.comes('unsubscribed'),
      }),
      { outcome: answered('state'), unsubscribed: true },
    ),
    scenario(
      'an observable that fails after its value: it has answered',
      (run) => run.outcome('Answers', 'ValueThenError', ''),
      answered('value'),
    ),
    scenario(
      'an observable of a promise',
      (run) => run.outcome('Answers', 'EmittedPromise', ''),
      answered('emitted'),
    ),
    scenario(
      'an observable of a promise that is rejected',
      async (run) => ({
        outcome: await run.outcome('Answers', 'EmittedRejection', ''),
        escaped: run.takeEscapes(),
      }),
      {
        outcome: { answers: [], end: { code: 'UNKNOWN', details: 'Internal server error' } },
        escaped: [],
      },
    ),
    scenario(
      'an observable without values, of a server stream',
      (run) => run.outcome('Answers', 'NoneOfMany', ''),
      { answers: [], end: 'complete' },
    ),
    scenario(
      'a promise of an observable, of a client stream',
      (run) => run.outcome('Answers', 'OfStreamPromised', ['a']),
      answered('promised'),
    ),
    scenario(
      'nothing, of a client stream where the message has no fields',
      (run) => run.outcome('Answers', 'OfStreamVoid', ['a']),
      answered({}),
    ),
    scenario(
      'an observable that completes without a value, of a client stream',
      (run) => run.outcome('Answers', 'OfStreamNone', ['a']),
      withoutValue('OfStreamNone'),
    ),
    scenario(
      'an observable of two values, of a client stream: the last is the answer',
      (run) => run.outcome('Answers', 'OfStreamTwo', ['a']),
      answered('second'),
    ),
    scenario(
      'a promise of what was made of all requests',
      (run) => run.outcome('Answers', 'OfStreamAwaited', ['a', 'b']),
      answered('ab'),
    ),
    scenario(
      'a promise of an observable of what was made of all requests',
      (run) => run.outcome('Answers', 'OfStreamAwaitedMany', ['a', 'b']),
      answered('ab'),
    ),
    scenario(
      'requests that are read twice',
      (run) => run.outcome('Answers', 'OfStreamTwice', ['a', 'b']),
      answered('ab,ab'),
    ),
    scenario(
      'requests of which one came before the handler was called, and one right after: in order',
      (run) => run.outcome('Answers', 'OfStreamLate', ['a', 'b', 'c']),
      answered('abc'),
    ),
    scenario(
      'an error of a @GrpcStreamCall handler that has answered: nobody is told',
      async (run) => ({
        outcome: await run.outcome('Answers', 'CallThenThrow', []),
        answersStill: await run.outcome('Kinds', 'Unary', 'a'),
        escaped: run.takeEscapes(),
      }),
      { outcome: answered('answered'), answersStill: answered('a!'), escaped: [] },
    ),
  ],
};
