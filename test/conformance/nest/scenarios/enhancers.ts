import { KINDS, OF_MANY, type Kind } from '../harness/protos.js';
import type { Run } from '../harness/run.js';
import { scenario, type ScenarioGroup } from '../harness/scenario.js';

/** Calls, and tells what passed on the way. */
async function trace(run: Run, service: string, kind: Kind, text = 'ab'): Promise<unknown> {
  const { answers, end } = await run.outcome(
    service,
    kind,
    OF_MANY.includes(kind) ? [...text] : text,
  );
  return { answers, end, passed: run.journal.entries };
}

/** What the callers of `Enhanced` get: pipes are applied to single requests, interceptors to results. */
const ANSWERS: Record<Kind, string[]> = {
  Unary: ['<AB>'],
  ServerStream: ['<A>', '<B>'],
  ClientStream: ['<ab>'],
  Bidi: ['<a>', '<b>'],
  CallClientStream: ['ab'],
  CallBidi: ['a', 'b'],
};

const HANDLERS: Record<Kind, string> = {
  Unary: 'unary',
  ServerStream: 'serverStream',
  ClientStream: '',
  Bidi: '',
  CallClientStream: 'callClientStream',
  CallBidi: 'callBidi',
};

function passed(kind: Kind): unknown[] {
  const texts = ANSWERS[kind].map((answer) => answer.replaceAll(/[<>]/g, ''));
  return [
    ['guard', 'rpc', HANDLERS[kind]],
    'before',
    ...texts.map((text) => ['handler', text]),
    'after',
  ];
}

export const enhancers: ScenarioGroup = {
  title: 'Guards, pipes, interceptors and filters of controllers; request scope',
  scenarios: [
    ...KINDS.map((kind) =>
      scenario(
        `guard, interceptor, pipe and handler, in that order: ${kind}`,
        (run) => trace(run, 'Enhanced', kind),
        { answers: ANSWERS[kind], end: 'complete', passed: passed(kind) },
      ),
    ),
    scenario(
      'a filter for one class of errors',
      (run) => run.outcome('Enhanced', 'Unary', 'head'),
      { answers: [], end: { code: 'OUT_OF_RANGE', details: 'HEAD is no branch' } },
    ),
    ...KINDS.map((kind) =>
      scenario(
        `a controller made for each call, which knows its request: ${kind}`,
        (run) => trace(run, 'Scoped', kind),
        {
          answers: kind === 'Unary' || kind.endsWith('ClientStream') ? ['ab!'] : ['a!', 'b!'],
          end: 'complete',
          passed: [['made', OF_MANY.includes(kind) ? 'a stream' : { text: 'ab' }]],
        },
      ),
    ),
    scenario(
      'three calls at once, and a controller for each',
      async (run) => {
        const texts = ['a', 'b', 'c'];
        const outcomes = await Promise.all(
          texts.map((text) => run.outcome('Scoped', 'Unary', text)),
        );
        return { answers: outcomes.map(({ answers }) => answers), made: run.journal.count('made') };
      },
      { answers: [['a!'], ['b!'], ['c!']], made: 3 },
    ),
  ],
};
