import {
  InterceptingCall,
  Metadata,
  status,
  type Interceptor,
  type StatusObject,
} from '@grpc/grpc-js';
import { handleAllAtEnd } from '../harness/handle-all.js';
import { Journal } from '../harness/journal.js';
import type { Lab } from '../harness/lab.js';
import { outcomeOf } from '../harness/make-call.js';
import { plainMetadata, plainStatus } from '../harness/plain.js';
import { scenario, type Observation, type Scenario } from '../harness/scenario.js';
import { KINDS, type Kind, type Message } from '../harness/test-service.js';
import { callBidi, callUnary } from '../harness/watch.js';

const later = (act: () => void): void => void setImmediate(() => setImmediate(act));

/** Notes all that passes, in both directions. */
function noting(journal: Journal, name: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, _listener, next) {
        journal.note(`${name} start`);
        next(metadata, {
          onReceiveMetadata: (received, pass) => {
            journal.note(`${name} metadata`);
            pass(received);
          },
          onReceiveMessage: (message, pass) => {
            journal.note(`${name} message`, message);
            pass(message);
          },
          onReceiveStatus: (received, pass) => {
            journal.note(`${name} status`, received.code);
            pass(received);
          },
        });
      },
      sendMessage: (message, next) => {
        journal.note(`${name} send`, message);
        next(message);
      },
      halfClose: (next) => {
        journal.note(`${name} half close`);
        next();
      },
      cancel: (next) => {
        journal.note(`${name} cancel`);
        next();
      },
    });
}

/** Changes all that passes; after a while if `delayed`. */
function changing({ delayed }: { delayed: boolean }): Interceptor {
  const then = delayed ? later : (act: () => void) => act();
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, _listener, next) {
        metadata.set('x-added', 'by interceptor');
        then(() =>
          next(metadata, {
            onReceiveMetadata: (received, pass) => {
              received.set('x-received', 'changed');
              then(() => pass(received));
            },
            onReceiveMessage: (message, pass) =>
              then(() => pass(message === null ? null : `${message} (changed)`)),
            onReceiveStatus: (received, pass) =>
              then(() => pass({ ...received, details: 'changed' })),
          }),
        );
      },
      sendMessage: (message, next) => next(`${message} (sent)`),
      halfClose: (next) => then(next),
    });
}

async function through(lab: Lab, kind: Kind, interceptors: Interceptor[]): Promise<Observation> {
  const server = new Journal();
  const { stub } = await lab.open({
    stub: { interceptors },
    handlers: {
      ...handleAllAtEnd((call, { reply }) => {
        server.note('metadata', plainMetadata(call.metadata));
        reply('answer');
      }),
    },
  });
  return { told: await outcomeOf(stub, kind), server: server.entries };
}

/** Fails without asking the server. */
const failing: Interceptor = () =>
  new InterceptingCall(
    {
      start: (_metadata, listener) => {
        const failure: StatusObject = {
          code: status.PERMISSION_DENIED,
          details: 'stopped on the way',
          metadata: new Metadata(),
        };
        setImmediate(() => listener?.onReceiveStatus?.(failure));
      },
      sendMessage: () => {},
      sendMessageWithContext: () => {},
      halfClose: () => {},
      startRead: () => {},
      cancelWithStatus: () => {},
      getPeer: () => 'nobody',
      getAuthContext: () => null,
    },
    {},
  );

/** Makes a call that is UNAVAILABLE again, until it is not. */
const retrying: Interceptor = (options, nextCall) => {
  let sent: Message;
  return new InterceptingCall(nextCall(options), {
    start(metadata, _listener, next) {
      let answer: Message = null;
      let passAnswer: (message: Message) => void = () => {};
      next(metadata, {
        onReceiveMessage: (message: Message, pass) => {
          answer = message;
          passAnswer = pass;
        },
        onReceiveStatus: (received, pass) => {
          const judge = (outcome: StatusObject): void => {
            if (outcome.code === status.UNAVAILABLE) return callAgain();
            passAnswer(answer);
            return pass(outcome);
          };
          const callAgain = (): void => {
            const again = nextCall(options);
            again.start(metadata, {
              onReceiveMetadata: () => {},
              onReceiveMessage: (message: Message) => (answer = message),
              onReceiveStatus: judge,
            });
            again.sendMessage(sent);
            again.halfClose();
          };
          judge(received);
        },
      });
    },
    sendMessage: (message: Message, next) => {
      sent = message;
      next(message);
    },
  });
};

/** Interceptors on the way of a client's calls. */
export const clientInterceptors: readonly Scenario[] = [
  ...KINDS.flatMap((kind) => [
    scenario(
      `an interceptor changes what passes: ${kind}`,
      (lab) => through(lab, kind, [changing({ delayed: false })]),
      { server: [['metadata', { 'x-added': ['by interceptor'] }]] },
    ),
    scenario(
      `an interceptor changes what passes, after a while: ${kind}`,
      (lab) => through(lab, kind, [changing({ delayed: true })]),
      { server: [['metadata', { 'x-added': ['by interceptor'] }]] },
    ),
    scenario(
      `interceptors run in order: ${kind}`,
      async (lab) => {
        const journal = new Journal();
        const outcome = await through(lab, kind, [
          noting(journal, 'outer'),
          noting(journal, 'inner'),
        ]);
        return { ...outcome, passed: journal.entries };
      },
      {},
    ),
    scenario(
      `an interceptor fails the call on its own: ${kind}`,
      (lab) => through(lab, kind, [failing]),
      { server: [] },
    ),
  ]),
  scenario(
    'an interceptor makes a failed call again',
    async (lab) => {
      let count = 0;
      const { stub } = await lab.open({
        stub: { interceptors: [retrying] },
        handlers: {
          unary: (call, callback) => {
            count += 1;
            if (count < 3) callback({ code: status.UNAVAILABLE, details: 'not yet' });
            else callback(null, `${call.request} answered`);
          },
        },
      });
      const { journal } = callUnary(stub, 'request');
      await journal.when('status');
      return { client: journal.entries, count };
    },
    { count: 3 },
  ),
  scenario(
    'interceptors of a call replace those of its client',
    async (lab) => {
      const journal = new Journal();
      const { stub } = await lab.open({
        stub: { interceptors: [noting(journal, 'of client')] },
        handlers: { unary: (_call, callback) => callback(null, 'answer') },
      });
      const told = await outcomeOf(stub, 'unary', {
        options: { interceptors: [noting(journal, 'of call')] },
      });
      return { told, passed: journal.entries };
    },
    {
      passed: [
        'of call start',
        ['of call send', 'request'],
        'of call half close',
        'of call metadata',
        ['of call message', 'answer'],
        ['of call status', 0],
      ],
    },
  ),
  scenario(
    'interceptor providers see the method',
    async (lab) => {
      const journal = new Journal();
      const { stub } = await lab.open({
        stub: {
          interceptor_providers: [
            ({ path, requestStream, responseStream }) => {
              journal.note('provider', path, requestStream, responseStream);
              return noting(journal, 'provided');
            },
          ],
        },
        handlers: { unary: (_call, callback) => callback(null, 'answer') },
      });
      return { told: await outcomeOf(stub, 'unary'), passed: journal.entries };
    },
    {},
  ),
  scenario(
    'a cancellation passes interceptors',
    async (lab) => {
      const journal = new Journal();
      const server = new Journal();
      const { stub } = await lab.open({
        stub: { interceptors: [noting(journal, 'the')] },
        handlers: {
          bidi: (call) => {
            server.note('called');
            call.on('cancelled', () => server.note('cancelled'));
          },
        },
      });
      const { call, journal: client } = callBidi(stub);
      await server.when('called');
      call.cancel();
      await client.whenAll('status', 'end');
      await server.when('cancelled');
      return { client: client.entries, passed: journal.entries };
    },
    { passed: ['the start', 'the cancel', ['the status', status.CANCELLED]] },
  ),
  scenario(
    'an interceptor may read peer and deadline from its options',
    async (lab) => {
      const journal = new Journal();
      const reading: Interceptor = (options, nextCall) => {
        const { deadline, method_definition: method } = options;
        journal.note('options', deadline === undefined, method.path, Object.keys(options).sort());
        const call = nextCall(options);
        return new InterceptingCall(call, {
          start: (metadata, _listener, next) =>
            next(metadata, {
              onReceiveStatus: (received, pass) => {
                journal.note('status', plainStatus(received), call.getPeer());
                pass(received);
              },
            }),
        });
      };
      const { stub } = await lab.open({
        stub: { interceptors: [reading] },
        handlers: { unary: (_call, callback) => callback(null, 'answer') },
      });
      return { told: await outcomeOf(stub, 'unary'), passed: journal.entries };
    },
    {},
  ),
];
