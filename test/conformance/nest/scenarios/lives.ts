import { concat, map, NEVER, of, Subject, tap, throwError, type Observable } from 'rxjs';
import type { Run } from '../harness/run.js';
import { scenario, type ScenarioGroup } from '../harness/scenario.js';

/** Long enough for a call to reach its handler, short enough to wait for. */
const SOON_MS = 250;

/** Calls, leaves when the handler has noted `arrival`, and tells which of `notes` come. */
async function leave(
  run: Run,
  method: string,
  requests: string | Observable<string>,
  arrival: string,
  notes: string[],
): Promise<unknown> {
  const call = run.call('Lives', method, requests).pipe(tap(() => run.journal.note('answered')));
  const subscription = call.subscribe({ error() {} });
  await run.journal.when(arrival);
  subscription.unsubscribe();
  return come(run, notes);
}

/** Which of `notes` come. */
async function come(run: Run, notes: string[]): Promise<Record<string, boolean>> {
  const came = await Promise.all(notes.map(async (note) => [note, await run.comes(note)] as const));
  return Object.fromEntries(came);
}

async function expire(run: Run, method: string): Promise<unknown> {
  const options = { deadline: Date.now() + SOON_MS };
  const outcome = await run.outcome('Lives', method, 'a', { options });
  const came = await come(run, ['cancelled', 'unsubscribed']);
  return { ...outcome, ...came, told: run.journal.only('deadline') };
}

const hanging = (): Observable<string> => concat(of('a'), NEVER);

const LATE = { code: 'DEADLINE_EXCEEDED', details: 'Deadline exceeded' };

const broken = (run: Run): Observable<never> => throwError(() => new Error(run.key));

export const lives: ScenarioGroup = {
  title: 'Cancellation and deadlines, at both ends',
  scenarios: [
    scenario(
      'a unary call that is unsubscribed from: the handler is told',
      (run) => leave(run, 'Hang', 'a', 'called', ['cancelled']),
      { cancelled: true },
    ),
    scenario(
      'a unary call that is unsubscribed from: so is the observable of its handler',
      (run) => leave(run, 'Hang', 'a', 'called', ['unsubscribed']),
      { unsubscribed: true },
    ),
    scenario(
      'a unary call that is unsubscribed from: a handler that awaits something sees it on the call',
      async (run) => {
        await leave(run, 'HangPromise', 'a', 'called', ['cancelled']);
        return run.journal.only('cancelled');
      },
      [['cancelled', true]],
    ),
    scenario(
      'a unary call that is unsubscribed from while a guard works: its observable is not subscribed to',
      async (run) => {
        await leave(run, 'HangGuard', 'a', 'guard', ['cancelled']);
        run.journal.note('open');
        await run.journal.when('called');
        await run.outcome('Kinds', 'Unary', 'a'); // By now it would be.
        return { subscribed: run.journal.count('subscribed') };
      },
      { subscribed: 0 },
    ),
    scenario(
      'a server stream that is unsubscribed from',
      (run) => leave(run, 'HangStream', 'a', 'answered', ['cancelled', 'unsubscribed']),
      { cancelled: true, unsubscribed: true },
    ),
    scenario(
      'a client stream that is unsubscribed from',
      (run) =>
        leave(run, 'HangClientStream', hanging(), 'called', [
          'cancelled',
          'requests over',
          'unsubscribed',
        ]),
      { cancelled: true, 'requests over': true, unsubscribed: true },
    ),
    scenario(
      'a bidirectional stream that is unsubscribed from',
      (run) => leave(run, 'HangBidi', hanging(), 'answered', ['cancelled', 'unsubscribed']),
      { cancelled: true, unsubscribed: true },
    ),
    scenario(
      'a stream of a @GrpcStreamCall handler that is unsubscribed from',
      async (run) => ({
        ...((await leave(run, 'HangCall', hanging(), 'answered', ['cancelled'])) as object),
        escaped: (await run.outcome('Kinds', 'Unary', 'a')) && run.takeEscapes(),
      }),
      { cancelled: true, escaped: [] },
    ),
    scenario(
      'the deadline of a unary call: told to the handler, and over at both ends',
      (run) => expire(run, 'Hang'),
      { answers: [], end: LATE, cancelled: true, unsubscribed: true, told: [['deadline', 'near']] },
    ),
    scenario(
      'the deadline of a server stream: told to the handler, and over at both ends',
      (run) => expire(run, 'HangStream'),
      {
        answers: ['a'],
        end: LATE,
        cancelled: true,
        unsubscribed: true,
        told: [['deadline', 'near']],
      },
    ),
    scenario(
      'requests that fail before anything is sent: ClientStream',
      async (run) => ({
        ...(await run.outcome('Kinds', 'ClientStream', broken(run))),
        escaped: run.takeEscapes(),
      }),
      { answers: [], end: { code: 'none', details: 'KEY' }, escaped: [] },
    ),
    scenario(
      'requests that fail before anything is sent: Bidi',
      async (run) => ({
        ...(await run.outcome('Kinds', 'Bidi', broken(run))),
        escaped: run.takeEscapes(),
      }),
      { answers: [], end: { code: 'none', details: 'KEY' }, escaped: [] },
    ),
    scenario(
      'requests that fail later: ClientStream',
      async (run) => {
        const requests = new Subject<string>();
        const outcome = run.outcome('Lives', 'HangClientStream', requests);
        await run.journal.when('called');
        requests.error(new Error(run.key));
        return {
          ...(await outcome),
          ...(await come(run, ['unsubscribed'])),
          escaped: run.takeEscapes(),
        };
      },
      { answers: [], end: { code: 'none', details: 'KEY' }, unsubscribed: true, escaped: [] },
    ),
    scenario(
      'requests that fail later: Bidi',
      async (run) => {
        const requests = new Subject<string>();
        const call = run.call('Lives', 'HangBidi', requests).pipe(
          map((answer) => {
            requests.error(new Error(run.key));
            return answer;
          }),
        );
        const outcome = run.watch(call);
        requests.next('a');
        return {
          ...(await outcome),
          ...(await come(run, ['unsubscribed'])),
          escaped: run.takeEscapes(),
        };
      },
      { answers: [], end: { code: 'none', details: 'KEY' }, unsubscribed: true, escaped: [] },
    ),
  ],
};
