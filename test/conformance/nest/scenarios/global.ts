import type { INestApplication } from '@nestjs/common';
import { KINDS, OF_MANY } from '../harness/protos.js';
import { REFUSED, startSpannedPair } from '../harness/hooked-pair.js';
import type { Run } from '../harness/run.js';
import { scenario, since, type ScenarioGroup } from '../harness/scenario.js';
import { THROWN } from '../controllers/failing.controllers.js';

const SPAN_CALLS = [
  ...KINDS.map((kind) => ['Kinds', kind] as const),
  ['Answers', 'Observed'],
  ['Failing', 'Unary'],
  ['Failing', 'ServerStream'],
  ['Failing', 'Bidi'],
] as const;

/** Makes one call after the other, each when the span of the last one has ended. */
async function traceSpans(run: Run): Promise<unknown> {
  const pair = run.closing(await startSpannedPair(run.bench.column));
  let calls = 0;
  for (const [service, method] of SPAN_CALLS) {
    await run.outcome(service, method, OF_MANY.includes(method) ? ['a'] : 'a', {
      on: pair,
      metadata: { [THROWN]: 'an Error' },
    });
    calls += 1;
    await pair.spans.when('end', calls);
  }
  return pair.spans.entries;
}

export const global: ScenarioGroup = {
  title: 'Hybrid applications, APP_* providers, inheritAppConfig, hooks and instrumentation',
  scenarios: [
    scenario(
      'APP_* providers and global enhancers of a hybrid application that lets them be inherited',
      async (run) => ({
        outcome: await run.outcome('Kinds', 'Unary', 'text', { on: run.bench.global }),
        passed: run.journal.entries,
      }),
      {
        outcome: { answers: ['text piped inherited'], end: 'complete' },
        passed: ['APP_GUARD', 'APP_INTERCEPTOR', 'handler'],
      },
    ),
    scenario(
      'an APP_FILTER of a hybrid application',
      (run) => run.outcome('Kinds', 'Unary', 'HEAD', { on: run.bench.global }),
      { answers: [], end: { code: 'OUT_OF_RANGE', details: 'HEAD is no branch' } },
    ),
    scenario(
      'HTTP, beside the calls',
      async (run) => {
        const app = run.bench.global.serving as INestApplication;
        return (await fetch(await app.getUrl())).json();
      },
      { text: 'HTTP inherited' },
    ),
    ...since(12, [
      ...KINDS.map((kind) =>
        scenario(
          `a pre-request hook, before guards: ${kind}`,
          async (run) => {
            const requests = OF_MANY.includes(kind) ? ['a'] : 'a';
            const outcome = await run.outcome('Kinds', kind, requests, { on: run.bench.hooked });
            return { ...outcome, passed: run.journal.entries };
          },
          {
            answers: ['a'],
            end: 'complete',
            passed: [['hook', 'HookedController'], 'guard', 'handler'],
          },
        ),
      ),
      ...KINDS.map((kind) =>
        scenario(
          `a pre-request hook that refuses a call: ${kind}`,
          async (run) => {
            const outcome = await run.outcome('Kinds', kind, OF_MANY.includes(kind) ? ['a'] : 'a', {
              on: run.bench.hooked,
              metadata: { [REFUSED]: 'yes' },
            });
            return { ...outcome, escaped: run.takeEscapes() };
          },
          { answers: [], end: { code: 'UNKNOWN', details: 'refused KEY' }, escaped: [] },
        ),
      ),
    ]),
    scenario(
      'hooks of the beginning and the end of processing, once for each call, by the name of its method',
      traceSpans,
      SPAN_CALLS.flatMap(([, method]) => [['start', method], 'end']),
    ),
    scenario(
      'the end of processing of a unary call that is cancelled',
      async (run) => {
        const pair = run.closing(await startSpannedPair(run.bench.column));
        const subscription = run.call('Lives', 'Hang', '', { on: pair }).subscribe({ error() {} });
        await run.journal.when('called');
        subscription.unsubscribe();
        return run.happens(pair.spans.when('end'));
      },
      true,
    ),
  ],
};
