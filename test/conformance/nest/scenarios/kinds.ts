import { finalize, map, range, Subject, tap } from 'rxjs';
import { KINDS, OF_MANY, type Kind } from '../harness/protos.js';
import type { Run } from '../harness/run.js';
import { scenario, type ScenarioGroup } from '../harness/scenario.js';

/** What the callers of `Kinds` get for the letters a, b and c. */
const ANSWERS: Record<Kind, string[]> = {
  Unary: ['abc!'],
  ServerStream: ['a!', 'b!', 'c!'],
  ClientStream: ['abc!'],
  Bidi: ['a!', 'b!', 'c!'],
  CallClientStream: ['abc!'],
  CallBidi: ['a!', 'b!', 'c!'],
};

/** Asks for the next letter when the last one is answered. */
async function converse(run: Run, kind: Kind): Promise<unknown> {
  const letters = ['b', 'c'];
  const questions = new Subject<string>();
  const order: string[] = [];
  const ask = (letter: string | undefined): void => {
    if (letter === undefined) return questions.complete();
    order.push(letter);
    questions.next(letter);
  };
  const talk = run.call('Kinds', kind, questions).pipe(
    tap((answer) => {
      order.push((answer as { text: string }).text);
      ask(letters.shift());
    }),
    finalize(() => order.push('end')),
  );
  const outcome = run.watch(talk);
  ask('a');
  await outcome;
  return order;
}

export const kinds: ScenarioGroup = {
  title: 'The four kinds of RPC, by all of the decorators',
  scenarios: [
    ...KINDS.map((kind) =>
      scenario(
        `${kind}: all requests are answered, in order`,
        (run) => run.outcome('Kinds', kind, OF_MANY.includes(kind) ? ['a', 'b', 'c'] : 'abc'),
        { answers: ANSWERS[kind], end: 'complete' },
      ),
    ),
    ...KINDS.filter((kind) => kind !== 'Unary').map((kind) =>
      scenario(
        `${kind}: without messages`,
        (run) => run.outcome('Kinds', kind, OF_MANY.includes(kind) ? [] : ''),
        { answers: kind.endsWith('ClientStream') ? ['!'] : [], end: 'complete' },
      ),
    ),
    ...(['Bidi', 'CallBidi'] as const).map((kind) =>
      scenario(
        `${kind}: each request is answered before the next is made`,
        (run) => converse(run, kind),
        ['a', 'a!', 'b', 'b!', 'c', 'c!', 'end'],
      ),
    ),
    scenario(
      '200 requests of a stream, each answered once and in order',
      async (run) => {
        const numbers = range(0, 200).pipe(map(String));
        const { answers, end } = await run.outcome('Kinds', 'Bidi', numbers);
        return { end, inOrder: answers.every((answer, index) => answer === `${index}!`) };
      },
      { end: 'complete', inOrder: true },
    ),
    scenario(
      '100 calls at once, each with its own answer',
      async (run) => {
        const texts = Array.from({ length: 100 }, (_, index) => String(index));
        const outcomes = await Promise.all(
          texts.map((text) => run.outcome('Kinds', 'Unary', text)),
        );
        return outcomes.every(({ answers }, index) => answers[0] === `${index}!`);
      },
      true,
    ),
    scenario(
      'a service of a second package, whose controller and method are named as they are',
      (run) => run.outcome('Deep', 'Unary', 'water'),
      { answers: ['deep water'], end: 'complete' },
    ),
    scenario(
      'a method that no controller handles',
      (run) => run.outcome('Answers', 'Unserved', ''),
      {
        answers: [],
        end: {
          code: 'UNIMPLEMENTED',
          details: 'The server does not implement the method Unserved',
        },
      },
    ),
    scenario(
      'a service added by onLoadPackageDefinition, as health and reflection are',
      async (run) => {
        const health = run.bench.main.client.getService<{ Check(request: object): never }>(
          'Health',
        );
        return run.watch(health.Check({ service: 'everything' }));
      },
      { answers: [{ status: 'everything is well' }], end: 'complete' },
    ),
  ],
};
