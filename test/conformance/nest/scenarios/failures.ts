import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { lastValueFrom } from 'rxjs';
import { THROWN } from '../controllers/failing.controllers.js';
import { failureOf, valuesOf } from '../harness/outcome.js';
import { KINDS, OF_MANY, type Kind } from '../harness/protos.js';
import type { Run } from '../harness/run.js';
import { scenario, since, type Scenario, type ScenarioGroup } from '../harness/scenario.js';

/** Calls a method whose handler fails, and tells what came of it. */
async function fail(run: Run, service: string, kind: Kind, thrown?: string): Promise<unknown> {
  const requests = OF_MANY.includes(kind) ? ['a'] : 'a';
  const details = thrown === undefined ? {} : { metadata: { [THROWN]: thrown } };
  const outcome = await run.outcome(service, kind, requests, details);
  return { ...outcome, escaped: run.takeEscapes() };
}

/** The error that a call fails with. */
async function caught(run: Run, kind: Kind, thrown: string): Promise<ServiceError> {
  const requests = OF_MANY.includes(kind) ? ['a'] : 'a';
  const call = run.call('Failing', kind, requests, { metadata: { [THROWN]: thrown } });
  return lastValueFrom(call).then(
    () => Promise.reject(new Error('the call did not fail')),
    (error: ServiceError) => error,
  );
}

/** All of it that users may look at. */
async function errorOf(run: Run, kind: Kind): Promise<unknown> {
  const error = await caught(run, kind, 'an RpcException of an object with details');
  const { name, message, code, details, metadata } = error;
  return {
    isError: error instanceof Error,
    name,
    message,
    code,
    details,
    hasMetadata: metadata instanceof Metadata,
  };
}

/** What was sent before the failure of one of `sixFailures`. */
const sent = (kind: Kind): string[] => (['ServerStream', 'Bidi'].includes(kind) ? ['a'] : []);

const failed = (code: string, details: string, answers: string[] = []) => ({
  answers,
  end: { code, details },
  escaped: [],
});

/** What handlers throw, and what their callers are told, without a filter and by Nest's for gRPC. */
const THROWN_AND_TOLD: [thrown: string, told: [string, string], filtered: [string, string]][] = [
  ['an RpcException of an object', ['ABORTED', 'no quorum KEY'], ['ABORTED', 'no quorum KEY']],
  [
    'an RpcException of an object with details',
    ['ABORTED', 'no quorum: 1/3'],
    ['ABORTED', 'no quorum: 1/3'],
  ],
  ['an RpcException of a string', ['UNKNOWN', 'just words'], ['UNKNOWN', 'just words']],
  ['a failure of another call', ['UNAVAILABLE', 'gone'], ['UNAVAILABLE', 'gone']],
  ['an Error', ['UNKNOWN', 'Internal server error'], ['UNKNOWN', 'Internal server error']],
  ['an HttpException', ['UNKNOWN', 'Internal server error'], ['UNKNOWN', 'Internal server error']],
];

const A_GRPC_EXCEPTION: (typeof THROWN_AND_TOLD)[number] = [
  'a GrpcException',
  ['UNKNOWN', 'Internal server error'],
  ['NOT_FOUND', 'not there'],
];

const unfiltered = ([thrown, told]: (typeof THROWN_AND_TOLD)[number]): Scenario =>
  scenario(
    `${thrown}, thrown by a handler`,
    (run) => fail(run, 'Failing', 'Unary', thrown),
    failed(...told),
  );

const statuses: Scenario[] = [
  ...THROWN_AND_TOLD.map(unfiltered),
  ...since(12, [
    unfiltered(A_GRPC_EXCEPTION),
    ...[...THROWN_AND_TOLD, A_GRPC_EXCEPTION].map(([thrown, , filtered]) =>
      scenario(
        `${thrown}, thrown by a handler with GrpcExceptionFilter`,
        (run) => fail(run, 'Filtered', 'Unary', thrown),
        failed(...filtered),
      ),
    ),
  ]),
];

const ofEveryKind: Scenario[] = KINDS.flatMap((kind) => [
  scenario(
    `a handler that throws: ${kind}`,
    (run) => fail(run, 'Failing', kind, 'an RpcException of an object'),
    failed('ABORTED', 'no quorum KEY', sent(kind)),
  ),
  scenario(
    `a filter that gives the status: ${kind}`,
    (run) => fail(run, 'Filtered', kind, 'an RpcException of an object'),
    failed('ABORTED', 'no quorum KEY', sent(kind)),
  ),
  scenario(
    `a guard that throws: ${kind}`,
    (run) => fail(run, 'Guarded', kind, 'an RpcException of an object'),
    failed('ABORTED', 'no quorum KEY'),
  ),
  scenario(
    `a filter that throws: ${kind}`,
    (run) => fail(run, 'BrokenFilter', kind, 'an RpcException of an object'),
    // Of an observable Nest takes what a filter throws as it is: an exception, which has no code.
    sent(kind).length > 0 || kind === 'ClientStream'
      ? failed('UNKNOWN', 'no quorum KEY', sent(kind))
      : failed('ABORTED', 'no quorum KEY'),
  ),
]);

export const failures: ScenarioGroup = {
  title: 'Failures: exceptions, filters and guards that say no',
  scenarios: [
    ...statuses,
    ...ofEveryKind,
    ...(['Unary', 'ServerStream', 'ClientStream', 'Bidi'] as const).map((kind) =>
      scenario(
        `a guard that says no: ${kind}`,
        (run) => fail(run, 'Guarded', kind),
        failed('UNKNOWN', 'Forbidden resource'),
      ),
    ),
    ...(['Unary', 'ServerStream', 'ClientStream', 'Bidi'] as const).map((kind) =>
      scenario(`the error that a caller gets: ${kind}`, (run) => errorOf(run, kind), {
        isError: true,
        name: 'Error',
        message: '10 ABORTED: no quorum: 1/3',
        code: 10,
        details: 'no quorum: 1/3',
        hasMetadata: true,
      }),
    ),
    scenario(
      'trailers of a failure, with binary details',
      async (run) => {
        const error = await caught(run, 'Unary', 'an RpcException with metadata');
        const { why, ...rest } = valuesOf(error.metadata, 'why', 'grpc-status-details-bin');
        return { ...failureOf(error), why: why!.join(', ').split(', '), ...rest };
      },
      {
        code: 'ABORTED',
        details: 'with metadata',
        why: ['one', 'two'],
        'grpc-status-details-bin': [[8, 10]],
      },
    ),
  ],
};
