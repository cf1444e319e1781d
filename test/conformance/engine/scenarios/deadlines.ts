import { expect } from 'vitest';
import { propagate, status, type CallOptions, type ServerUnaryCall } from '@grpc/grpc-js';
import { failed } from '../harness/expected.js';
import { handleAll, type AnyCall } from '../harness/handle-all.js';
import { Journal } from '../harness/journal.js';
import type { Lab } from '../harness/lab.js';
import { makeCall, outcomeOf, told } from '../harness/make-call.js';
import { scenario, type Scenario } from '../harness/scenario.js';
import { KINDS, type Kind, type Message } from '../harness/test-service.js';
import { withoutRace } from '../harness/without-race.js';
import { callServerStream, callUnary, watchHandler } from '../harness/watch.js';

const SECOND = 1_000;
const DAY = 24 * 3600 * SECOND;

/** A deadline as the handler sees it, coarse enough not to depend on the clock. */
function coarse(call: AnyCall): string {
  const deadline = call.getDeadline();
  if (deadline === Infinity) return 'none';
  const left = Number(deadline) - Date.now();
  const kind = deadline instanceof Date ? 'Date' : typeof deadline;
  if (left <= 0) return `${kind}, passed`;
  if (left < 60 * SECOND) return `${kind}, seconds`;
  if (left < DAY) return `${kind}, minutes or hours`;
  return `${kind}, days`;
}

const DEADLINES: Record<string, () => CallOptions> = {
  'as a number': () => ({ deadline: Date.now() + 10 * SECOND }),
  'as a Date': () => ({ deadline: new Date(Date.now() + 10 * SECOND) }),
  'far away': () => ({ deadline: Date.now() + 2 * DAY }),
  'further away than timers go': () => ({ deadline: Date.now() + 400 * DAY }),
  'at infinity': () => ({ deadline: Infinity }),
  'that is not given': () => ({}),
};

const PASSED: Record<string, () => CallOptions> = {
  'a second ago': () => ({ deadline: Date.now() - SECOND }),
  now: () => ({ deadline: Date.now() }),
  'at the beginning of time': () => ({ deadline: new Date(0) }),
  'at minus infinity': () => ({ deadline: -Infinity }),
};

const EXCEEDED = expect.stringMatching(/^Deadline exceeded/);

/** Calls that are given a time to end by. */
export const deadlines: readonly Scenario[] = [
  ...Object.entries(DEADLINES).map(([what, make]) =>
    scenario(
      `a deadline ${what}`,
      async (lab) => {
        const server = new Journal();
        const { stub } = await lab.open({
          handlers: handleAll((call, { reply }) => {
            server.note('deadline', coarse(call));
            server.note('header', call.metadata.get('grpc-timeout'));
            reply('answer');
          }),
        });
        return {
          told: await outcomeOf(stub, 'unary', { options: make() }),
          server: server.entries,
        };
      },
      {},
    ),
  ),
  ...Object.entries(PASSED).map(([what, make]) =>
    scenario(
      `a deadline that passed ${what}`,
      async (lab) => {
        const { stub } = await lab.open({
          handlers: { unary: (_call, callback) => callback(null, 'answer') },
        });
        const outcome = await outcomeOf(stub, 'unary', { options: make() });
        return { told: withoutRace(outcome) };
      },
      { told: failed(status.DEADLINE_EXCEEDED, EXCEEDED, 'unary') },
    ),
  ),
  scenario(
    'a deadline that is no time at all',
    async (lab) => {
      const { stub } = await lab.open();
      const tries = ['soon', null, {}, NaN].map((deadline) => {
        try {
          const { call } = callUnary(stub, 'request', { options: { deadline } as CallOptions });
          call.on('status', () => {});
          call.cancel();
          return 'taken';
        } catch (error) {
          return String(error);
        }
      });
      return { tries };
    },
    {
      tries: [
        expect.stringContaining('deadline must be a number or Date'),
        'taken',
        expect.any(String),
        'taken',
      ],
    },
  ),
  ...KINDS.map((kind) =>
    scenario(
      `a deadline that passes while the handler works: ${kind}`,
      async (lab) => {
        let made = await meetDeadline(lab, kind, 250);
        // On a busy machine it may pass before the handler is called.
        for (let ms = 500; made.server.count('called') === 0; ms *= 2) {
          made = await meetDeadline(lab, kind, ms);
        }
        const { journal, server } = made;
        await server.when('flag');
        return {
          client: withoutRace(told(journal)),
          server: server.only('called', 'cancelled', 'flag'),
        };
      },
      {
        client: failed(status.DEADLINE_EXCEEDED, EXCEEDED, kind),
        server: ['called', ['cancelled', 'cancelled'], ['flag', true]],
      },
    ),
  ),
  scenario(
    'a deadline that passes while answers wait to be read',
    async (lab) => {
      const { stub } = await lab.open({
        handlers: {
          serverStream: (call) => {
            for (const message of ['a', 'b', 'c']) call.write(message);
            call.end();
          },
        },
      });
      const { journal } = callServerStream(stub, 'request', {
        reading: false,
        options: { deadline: Date.now() + 250 },
      });
      await journal.when('status');
      return { client: withoutRace(journal.only('error', 'status')) };
    },
    { client: failed(status.DEADLINE_EXCEEDED, EXCEEDED, 'serverStream') },
  ),
  scenario(
    'an answer that comes in time is not disturbed by its deadline',
    async (lab) => {
      const bench = await lab.open({
        handlers: { unary: (_call, callback) => callback(null, 'answer') },
      });
      const { journal } = callUnary(bench.stub, 'request', {
        options: { deadline: Date.now() + 5 * SECOND },
      });
      await journal.when('status');
      const other = callUnary(bench.stub, 'request', { options: { deadline: Date.now() } });
      await other.journal.when('status');
      await bench.settled();
      return { client: journal.entries };
    },
    {
      client: [
        ['metadata', {}],
        ['callback', 'answer'],
        ['status', { code: 0 }],
      ],
    },
  ),
];

/** Makes a call whose deadline passes in `ms` milliseconds; resolves when its caller knows. */
async function meetDeadline(
  lab: Lab,
  kind: Kind,
  ms: number,
): Promise<{ journal: Journal; server: Journal }> {
  const server = new Journal();
  const { stub } = await lab.open({
    handlers: handleAll((call) => {
      server.note('called');
      watchHandler(call, server);
      call.on('cancelled', () => server.note('flag', call.cancelled));
    }),
  });
  const { journal } = makeCall(stub, kind, { options: { deadline: Date.now() + ms } });
  await journal.when('status');
  return { journal, server };
}

const FLAGS: Record<string, CallOptions> = {
  'by default': {},
  'deadline and cancellation': { propagate_flags: propagate.DEADLINE | propagate.CANCELLATION },
  'the deadline only': { propagate_flags: propagate.DEADLINE },
  'the cancellation only': { propagate_flags: propagate.CANCELLATION },
};

/** Calls made on behalf of another call. */
export const propagation: readonly Scenario[] = Object.entries(FLAGS).flatMap(([what, options]) => [
  scenario(
    `a call's own calls inherit its deadline: ${what}`,
    async (lab) => {
      const server = new Journal();
      const inner = await lab.open({
        handlers: {
          unary: (call, callback) => {
            server.note('inner', coarse(call));
            callback(null, 'inner answer');
          },
        },
      });
      const { stub } = await lab.open({
        handlers: {
          unary: (parent, callback) => {
            const { journal } = callUnary(inner.stub, 'inner', { options: { ...options, parent } });
            void journal.when('status').then(() => callback(null, journal.only('callback')));
          },
        },
      });
      const outcome = await outcomeOf(stub, 'unary', {
        options: { deadline: Date.now() + 10 * SECOND },
      });
      return { told: outcome, server: server.entries };
    },
    {},
  ),
  scenario(
    `a call's own calls are cancelled with it: ${what}`,
    async (lab) => {
      const server = new Journal();
      const innerClient = new Journal();
      const inner = await lab.open({
        handlers: {
          unary: (call: ServerUnaryCall<Message, Message>, callback) => {
            call.on('cancelled', () => server.note('inner cancelled'));
            server.note('inner called');
            server.when('outer cancelled').then(
              () => callback(null, 'inner answer'),
              () => {},
            );
          },
        },
      });
      const { stub } = await lab.open({
        handlers: {
          unary: (parent) => {
            parent.on('cancelled', () => setImmediate(() => server.note('outer cancelled')));
            const { journal } = callUnary(inner.stub, 'inner', { options: { ...options, parent } });
            void journal
              .when('status')
              .then(() => innerClient.note('inner', journal.only('callback')));
          },
        },
      });
      const { call } = callUnary(stub, 'request');
      await server.when('inner called');
      call.cancel();
      await innerClient.when('inner');
      return { innerClient: innerClient.entries };
    },
    {},
  ),
]);
