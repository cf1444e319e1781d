import { KINDS, OF_MANY } from '../harness/protos.js';
import { progressOf, type Progress } from '../harness/progress.js';
import type { Run } from '../harness/run.js';
import { scenario, type ScenarioGroup } from '../harness/scenario.js';

/** Messages of a stream whose reader is slow. */
const MESSAGES = 300;

/** How far a writer that waits may be ahead; one that does not is so by nearly all of them. */
const FAR = 200;

interface WritableCall extends NodeJS.WritableStream, AsyncIterable<never> {
  write(message: unknown): boolean;
}

type Method = (...args: unknown[]) => WritableCall;

/** Whether what was written was never far ahead of what was read. */
function told({ read, lead }: Progress): unknown {
  return { read, waited: lead < FAR };
}

async function take(run: Run): Promise<unknown> {
  const stub = run.stub('Flows');
  const progress = progressOf(run.key);
  await new Promise((resolve, reject) => {
    const call = (stub['Take'] as unknown as Method).call(
      stub,
      run.metadata(),
      (error: Error | null, reply: unknown) => (error ? reject(error) : resolve(reply)),
    );
    void progress.writeAll(call, MESSAGES).then(() => call.end());
  });
  return told(progress);
}

async function give(run: Run): Promise<unknown> {
  const stub = run.stub('Flows');
  const progress = progressOf(run.key);
  const call = (stub['Give'] as unknown as Method).call(stub, run.metadata());
  call.write({ text: String(MESSAGES) });
  await progress.readSlowly(call);
  return told(progress);
}

const tooLong = (details: string) => ({
  answers: [],
  end: { code: 'RESOURCE_EXHAUSTED', details },
});

export const flows: ScenarioGroup = {
  title: 'Message sizes, compression and backpressure',
  scenarios: [
    scenario(
      'a message within all limits',
      (run) => run.outcome('Flows', 'Length', 'x'.repeat(90_000)),
      { answers: ['90000'], end: 'complete' },
    ),
    scenario(
      'a request longer than the caller may send',
      (run) => run.outcome('Flows', 'Length', 'x'.repeat(130_000)),
      tooLong('Attempted to send message with a size larger than 120000'),
    ),
    scenario(
      'a request longer than the callee takes',
      (run) => run.outcome('Flows', 'Length', 'x'.repeat(110_000)),
      tooLong('Received message larger than max (110004 vs 100000)'),
    ),
    scenario(
      'a response longer than the callee may send',
      (run) => run.outcome('Flows', 'OfLength', '210000'),
      tooLong('Sent message larger than max (210009 vs. 200000)'),
    ),
    scenario(
      'a response longer than the caller takes',
      (run) => run.outcome('Flows', 'OfLength', '160000'),
      tooLong('Received message larger than max (160004 vs 150000)'),
    ),
    ...KINDS.filter((kind) => kind !== 'ServerStream').map((kind) =>
      scenario(
        `requests compressed by the option of the caller: ${kind}`,
        async (run) => {
          const { global } = run.bench;
          const text = 'x'.repeat(100_000);
          const before = global.bytesSent();
          const requests = OF_MANY.includes(kind) ? [text] : text;
          const { answers, end } = await run.outcome('Kinds', kind, requests, { on: global });
          const bytes = global.bytesSent() - before;
          return { answers: new Set(answers).size, end, isSmall: bytes < 80_000 };
        },
        { answers: 1, end: 'complete', isSmall: true },
      ),
    ),
    scenario('a slow reader of requests has the caller wait', take, {
      read: MESSAGES,
      waited: true,
    }),
    scenario('a slow reader of responses has the callee wait', give, {
      read: MESSAGES,
      waited: true,
    }),
  ],
};
