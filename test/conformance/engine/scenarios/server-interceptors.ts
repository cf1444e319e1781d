import {
  Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  ServerListenerBuilder,
  status,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { expect } from 'vitest';
import { failed } from '../harness/expected.js';
import { handleAllAtEnd } from '../harness/handle-all.js';
import { Journal } from '../harness/journal.js';
import type { Lab } from '../harness/lab.js';
import { makeCall, outcomeOf, told } from '../harness/make-call.js';
import { plainMetadata } from '../harness/plain.js';
import { scenario, type Observation, type Scenario } from '../harness/scenario.js';
import { KINDS, pathOf, type Kind } from '../harness/test-service.js';

const later = (act: () => void): void => void setImmediate(() => setImmediate(act));

/** Notes all that passes, in both directions. */
function noting(journal: Journal, name: string): ServerInterceptor {
  return (method, call) => {
    journal.note(`${name} call`, method.path, method.requestStream, method.responseStream);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next(
          new ServerListenerBuilder()
            .withOnReceiveMetadata((metadata, pass) => {
              journal.note(`${name} metadata`, plainMetadata(metadata));
              pass(metadata);
            })
            .withOnReceiveMessage((message, pass) => {
              journal.note(`${name} message`, message);
              pass(message);
            })
            .withOnReceiveHalfClose((pass) => {
              journal.note(`${name} half close`);
              pass();
            })
            .withOnCancel(() => journal.note(`${name} cancel`))
            .build(),
        ),
      sendMetadata: (metadata, next) => {
        journal.note(`${name} send metadata`, plainMetadata(metadata));
        next(metadata);
      },
      sendMessage: (message, next) => {
        journal.note(`${name} send`, message);
        next(message);
      },
      sendStatus: (sent, next) => {
        journal.note(`${name} send status`, sent.code, sent.details);
        next(sent);
      },
    });
  };
}

/** Changes all that passes; after a while if `delayed`. */
function changing({ delayed }: { delayed: boolean }): ServerInterceptor {
  const then = delayed ? later : (act: () => void) => act();
  return (_method, call) =>
    new ServerInterceptingCall(
      call,
      new ResponderBuilder()
        .withStart((next) =>
          then(() =>
            next(
              new ServerListenerBuilder()
                .withOnReceiveMetadata((metadata, pass) => {
                  metadata.set('x-added', 'by interceptor');
                  then(() => pass(metadata));
                })
                .withOnReceiveMessage((message, pass) => then(() => pass(`${message} (changed)`)))
                .withOnReceiveHalfClose((pass) => then(pass))
                .build(),
            ),
          ),
        )
        .withSendMetadata((metadata, next) => {
          metadata.set('x-sent', 'by interceptor');
          then(() => next(metadata));
        })
        .withSendMessage((message, next) => then(() => next(`${message} (sent)`)))
        .withSendStatus((sent, next) => then(() => next({ ...sent, details: 'changed' })))
        .build(),
    );
}

/** Lets no call in that does not say the word. */
const guarding: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMetadata: (metadata, pass) => {
          if (metadata.get('password').length > 0) return pass(metadata);
          const trailers = new Metadata();
          trailers.set('x-hint', 'password');
          return call.sendStatus({
            code: status.UNAUTHENTICATED,
            details: 'say the word',
            metadata: trailers,
          });
        },
      }),
  });

async function through(
  lab: Lab,
  kind: Kind,
  interceptors: ServerInterceptor[],
): Promise<Observation> {
  const server = new Journal();
  const { stub } = await lab.open({
    server: { interceptors },
    handlers: handleAllAtEnd((call, { reply }) => {
      server.note('called', plainMetadata(call.metadata));
      reply(`answer to ${String((call as { request?: unknown }).request)}`);
    }),
  });
  return { told: await outcomeOf(stub, kind), server: server.entries };
}

/** Interceptors on a server. */
export const serverInterceptors: readonly Scenario[] = KINDS.flatMap((kind) => [
  scenario(
    `a server's interceptor changes what passes: ${kind}`,
    (lab) => through(lab, kind, [changing({ delayed: false })]),
    {
      told: expect.arrayContaining([
        ['metadata', expect.objectContaining({ 'x-sent': ['by interceptor'] })],
      ]),
      server: [['called', { 'x-added': ['by interceptor'] }]],
    },
  ),
  scenario(
    `a server's interceptor changes what passes, after a while: ${kind}`,
    (lab) => through(lab, kind, [changing({ delayed: true })]),
    { server: [['called', { 'x-added': ['by interceptor'] }]] },
  ),
  scenario(
    `a server's interceptors run in order: ${kind}`,
    async (lab) => {
      const journal = new Journal();
      const outcome = await through(lab, kind, [
        noting(journal, 'first'),
        noting(journal, 'second'),
      ]);
      await journal.whenAll('first cancel', 'second cancel');
      return { ...outcome, passed: journal.entries };
    },
    {
      passed: expect.arrayContaining([
        ['first call', pathOf(kind), expect.any(Boolean), expect.any(Boolean)],
        ['second send status', 0, 'OK'],
      ]),
    },
  ),
  scenario(
    `a server's interceptor turns a call away: ${kind}`,
    (lab) => through(lab, kind, [guarding]),
    { told: failed(status.UNAUTHENTICATED, 'say the word', kind), server: [] },
  ),
  scenario(
    `a server's interceptor sees a cancellation: ${kind}`,
    async (lab) => {
      const journal = new Journal();
      const { stub } = await lab.open({
        server: { interceptors: [noting(journal, 'the')] },
        handlers: handleAllAtEnd(() => journal.note('called')),
      });
      const { call, journal: client } = makeCall(stub, kind);
      await journal.when('called');
      call.cancel();
      await client.when('status');
      await journal.when('the cancel');
      return { client: told(client), passed: journal.entries };
    },
    {},
  ),
  scenario(
    `a server's interceptor knows where a call comes from: ${kind}`,
    async (lab) => {
      const journal = new Journal();
      const { stub } = await lab.open({
        server: {
          interceptors: [
            (_method, call) => {
              const { localPort, remotePort, ...info } = call.getConnectionInfo();
              journal.note('peer', call.getPeer());
              journal.note('host', call.getHost());
              journal.note('deadline', call.getDeadline());
              journal.note('auth', call.getAuthContext());
              journal.note('connection', info, typeof localPort, typeof remotePort);
              return new ServerInterceptingCall(call);
            },
          ],
        },
        handlers: handleAllAtEnd((_call, { reply }) => reply('answer')),
      });
      return { told: await outcomeOf(stub, kind), passed: journal.entries };
    },
    {},
  ),
]);
