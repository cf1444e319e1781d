import { expect } from 'vitest';
import { CallCredentials, credentials, Metadata, status, type Interceptor } from '@grpc/grpc-js';
import { failed } from '../harness/expected.js';
import { handleAllAtEnd } from '../harness/handle-all.js';
import { Journal } from '../harness/journal.js';
import type { Lab } from '../harness/lab.js';
import { outcomeOf } from '../harness/make-call.js';
import { metadataOf } from '../harness/metadata-of.js';
import { plainMetadata } from '../harness/plain.js';
import { scenario, type Observation, type Scenario } from '../harness/scenario.js';
import { KINDS } from '../harness/test-service.js';
import { callUnary } from '../harness/watch.js';

type Generate = (done: (error: Error | null, metadata?: Metadata) => void, options: object) => void;

function generated(generate: Generate): CallCredentials {
  return credentials.createFromMetadataGenerator((options, done) =>
    generate(done as Parameters<Generate>[0], options),
  );
}

const token = (value: string): CallCredentials =>
  generated((done) => done(null, metadataOf(['x-token', value])));

const CREDENTIALS: Record<string, () => CallCredentials> = {
  'that answer at once': () => token('at once'),
  'that answer later': () =>
    generated((done) => setImmediate(() => done(null, metadataOf(['x-token', 'later'])))),
  'that have nothing to add': () => generated((done) => done(null, new Metadata())),
  'that are empty': () => CallCredentials.createEmpty(),
  'that are composed': () => token('first').compose(token('second')),
  'that add to what the call has': () =>
    generated((done) => done(null, metadataOf(['x-own', 'of credentials']))),
};

const FAILURES: Record<string, () => Error> = {
  'without a code': () => new Error('no token'),
  'with a code': () => Object.assign(new Error('no token'), { code: status.UNAUTHENTICATED }),
  'with a code that is not theirs to give': () =>
    Object.assign(new Error('no token'), { code: status.NOT_FOUND }),
  'with a word for a code': () => Object.assign(new Error('no token'), { code: 'ENOENT' }),
};

async function called(lab: Lab, own: CallCredentials, kind = KINDS[0]!): Promise<Observation> {
  const server = new Journal();
  const { stub } = await lab.open({
    handlers: handleAllAtEnd((call, { reply }) => {
      server.note('metadata', plainMetadata(call.metadata));
      reply('answer');
    }),
  });
  const told = await outcomeOf(stub, kind, {
    metadata: metadataOf(['x-own', 'of call']),
    options: { credentials: own },
  });
  return { told, server: server.entries };
}

/** Credentials that calls bring along. */
export const callCredentials: readonly Scenario[] = [
  ...Object.entries(CREDENTIALS).flatMap(([what, make]) =>
    KINDS.map((kind) =>
      scenario(`credentials ${what}: ${kind}`, (lab) => called(lab, make(), kind), {
        server: [['metadata', {}]],
      }),
    ),
  ),
  ...Object.entries(FAILURES).flatMap(([what, make]) =>
    KINDS.map((kind) =>
      scenario(
        `credentials that fail ${what}: ${kind}`,
        (lab) =>
          called(
            lab,
            generated((done) => done(make())),
            kind,
          ),
        {
          told: failed(expect.any(Number) as never, expect.stringContaining('no token'), kind),
          server: [],
        },
      ),
    ),
  ),
  scenario(
    'credentials are asked for the service',
    async (lab) => {
      const asked: unknown[] = [];
      const observation = await called(
        lab,
        generated((done, options) => {
          asked.push(options);
          done(null, new Metadata());
        }),
      );
      return {
        ...observation,
        asked: JSON.parse(JSON.stringify(asked).replace(/:\d+\//g, ':<port>/')),
      };
    },
    {},
  ),
  scenario(
    'credentials that throw',
    (lab) =>
      called(
        lab,
        generated(() => {
          throw new Error('no token, and no manners');
        }),
      ),
    {},
  ),
  scenario(
    'a call cancelled while its credentials are made',
    async (lab) => {
      const server = new Journal();
      const asked = new Journal();
      let finish!: () => void;
      const bench = await lab.open({
        handlers: handleAllAtEnd((_call, { reply }) => {
          server.note('called');
          reply('answer');
        }),
      });
      await bench.settled();
      const { call, journal } = callUnary(bench.stub, 'request', {
        options: {
          credentials: generated((done) => {
            finish = () => done(null, new Metadata());
            asked.note('asked');
          }),
        },
      });
      await asked.when('asked');
      call.cancel();
      await journal.when('status');
      finish();
      await bench.settled();
      return { client: journal.entries, server: server.entries };
    },
    { client: failed(status.CANCELLED, 'Cancelled on client', 'unary'), server: [] },
  ),
  scenario(
    // grpc-js goes on and makes the call all the same: whether its handler is called is left out.
    'two authorizations are one too many',
    async (lab) => {
      const twice = metadataOf(['authorization', 'a'], ['authorization', 'b']);
      const { told } = await called(
        lab,
        generated((done) => done(null, twice)),
      );
      return { told };
    },
    {
      told: failed(
        status.INTERNAL,
        '"authorization" metadata cannot have multiple values',
        'unary',
      ),
    },
  ),
  scenario(
    'credentials set by an interceptor',
    async (lab) => {
      const server = new Journal();
      const adding: Interceptor = (options, nextCall) =>
        nextCall({ ...options, credentials: token('of interceptor') }) as never;
      const { stub } = await lab.open({
        stub: { interceptors: [adding] },
        handlers: handleAllAtEnd((call, { reply }) => {
          server.note('metadata', plainMetadata(call.metadata));
          reply('answer');
        }),
      });
      return { told: await outcomeOf(stub, 'unary'), server: server.entries };
    },
    { server: [['metadata', { 'x-token': ['of interceptor'] }]] },
  ),
];
