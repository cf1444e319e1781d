import { status, type CallOptions } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { failed } from '../harness/expected.js';
import { handleAll, handleAllAtEnd } from '../harness/handle-all.js';
import { Journal } from '../harness/journal.js';
import { outcomeOf, told } from '../harness/make-call.js';
import { metadataOf } from '../harness/metadata-of.js';
import { scenario, type Scenario } from '../harness/scenario.js';
import { KINDS } from '../harness/test-service.js';
import { withoutRace } from '../harness/without-race.js';
import { callBidi, callServerStream, callUnary, watchHandler } from '../harness/watch.js';

/** Errors as handlers may make them, by what is special about them. */
const ERRORS: Record<string, () => Error | object> = {
  'with a code and details': () => ({ code: status.NOT_FOUND, details: 'not here' }),
  'that is an Error with a message only': () => new Error('only a message'),
  'that is an Error with a code': () =>
    Object.assign(new Error('the message'), { code: status.NOT_FOUND }),
  'that is an Error with a code and details': () =>
    Object.assign(new Error('the message'), { code: status.NOT_FOUND, details: 'the details' }),
  'whose details are no text': () =>
    Object.assign(new Error('the message'), { code: status.NOT_FOUND, details: 42 }),
  'whose code is a word': () => Object.assign(new Error('missing'), { code: 'ENOENT' }),
  'whose code is a number as text': () => Object.assign(new Error('five'), { code: '5' }),
  'with details but no code': () => ({ details: 'without a code' }),
  'with a message but no code': () => ({ message: 'a message, no Error' }),
  'with metadata but no code': () => ({ metadata: metadataOf(['why', 'because']) }),
  'without anything': () => ({}),
  'with everything': () => ({
    code: status.DATA_LOSS,
    details: 'gone',
    metadata: metadataOf(['where', 'to'], ['where-bin', Buffer.from('there')]),
  }),
};

/** For calls that grpc-js never ends. */
const soon = (): CallOptions => ({ deadline: Date.now() + 300 });

/** What callers are told when a handler fails. */
export const handlerErrors: readonly Scenario[] = [
  ...Object.entries(ERRORS).flatMap(([what, make]) =>
    KINDS.map((kind) =>
      scenario(
        `an error ${what}: ${kind}`,
        async (lab) => {
          const { stub } = await lab.open({
            handlers: handleAllAtEnd((_call, { fail }) => fail(make())),
          });
          return { told: await outcomeOf(stub, kind) };
        },
        {},
      ),
    ),
  ),
  ...KINDS.map((kind) =>
    scenario(
      `a handler that throws: ${kind}`,
      async (lab) => {
        const { stub } = await lab.open({
          handlers: handleAll(() => {
            throw Object.assign(new Error('thrown'), { code: status.NOT_FOUND });
          }),
        });
        return { told: await outcomeOf(stub, kind) };
      },
      { told: failed(status.UNKNOWN, 'Unknown error', kind) },
    ),
  ),
  ...KINDS.map((kind) =>
    scenario(
      `a handler that throws after it has sent metadata: ${kind}`,
      async (lab) => {
        const { stub } = await lab.open({
          handlers: handleAll((call) => {
            call.sendMetadata(metadataOf(['initial', 'yes']));
            throw new Error('thrown');
          }),
        });
        return { told: await outcomeOf(stub, kind) };
      },
      { told: failed(status.UNKNOWN, 'Unknown error', kind) },
    ),
  ),
  scenario(
    'an error after messages that have arrived',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        handlers: {
          bidi: (call) => {
            watchHandler(call, server);
            call.write('first');
            call.once('data', () =>
              call.emit('error', { code: status.ABORTED, details: 'enough' }),
            );
          },
        },
      });
      const { call, journal } = callBidi(stub);
      await journal.when('data');
      call.write('I have it');
      await journal.whenAll('status', 'end');
      await server.whenAll('cancelled', 'finish');
      return { client: told(journal), server: server.only('error', 'finish') };
    },
    { client: failed(status.ABORTED, 'enough', 'bidi') },
  ),
  scenario(
    // How many messages arrive before an error is a race in grpc-js, so they are not compared.
    'an error right behind messages',
    async (lab) => {
      const { stub } = await lab.open({
        handlers: {
          serverStream: (call) => {
            for (let index = 0; index < 10; index += 1) call.write(index);
            call.emit('error', { code: status.ABORTED, details: 'enough' });
          },
        },
      });
      const { journal } = callServerStream(stub, 'request');
      await journal.whenAll('status', 'end');
      return { client: journal.only('error', 'status', 'end') };
    },
    { client: failed(status.ABORTED, 'enough', 'serverStream') },
  ),
  scenario(
    'an error given with destroy()',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        handlers: {
          serverStream: (call) => {
            watchHandler(call, server);
            call.destroy(Object.assign(new Error('destroyed'), { code: status.ABORTED }));
          },
        },
      });
      const { journal } = callServerStream(stub, 'request', {
        options: soon(),
      });
      await journal.whenAll('status', 'end');
      await server.when('cancelled');
      return {
        client: withoutRace(journal.only('error', 'status', 'end')),
        server: server.only('error'),
      };
    },
    {},
  ),
  scenario(
    // grpc-js sends both messages, and its client waits for ever for the end of the second.
    'a callback called with two values',
    async (lab) => {
      const bench = await lab.open({
        handlers: {
          unary: (_call, callback) => {
            callback(null, 'first');
            callback(null, 'second');
          },
        },
      });
      const { journal } = callUnary(bench.stub, 'request', { options: soon() });
      await journal.when('status');
      await bench.settled();
      return { client: withoutRace(journal.entries) };
    },
    { client: failed(status.DEADLINE_EXCEEDED, expect.any(String), 'unary') },
  ),
  scenario(
    'a callback called with an error and then with a value fails once',
    async (lab) => {
      const bench = await lab.open({
        handlers: {
          unary: (_call, callback) => {
            callback({ code: status.ABORTED, details: 'first' });
            callback(null, 'second');
          },
        },
      });
      const { journal } = callUnary(bench.stub, 'request');
      await journal.when('status');
      await bench.settled();
      return { client: journal.entries };
    },
    { client: failed(status.ABORTED, 'first', 'unary') },
  ),
  scenario(
    'an error emitted twice fails once, with the first',
    async (lab) => {
      const bench = await lab.open({
        handlers: {
          serverStream: (call) => {
            call.emit('error', { code: status.ABORTED, details: 'first' });
            call.emit('error', { code: status.DATA_LOSS, details: 'second' });
          },
        },
      });
      const { journal } = callServerStream(bench.stub, 'request');
      await journal.whenAll('status', 'end');
      await bench.settled();
      return { client: told(journal) };
    },
    {},
  ),
  scenario(
    'a handler that writes after its end',
    async (lab) => {
      const server = new Journal();
      const bench = await lab.open({
        handlers: {
          serverStream: (call) => {
            watchHandler(call, server);
            call.write('in time');
            call.end();
            call.write('too late');
          },
        },
      });
      const { journal } = callServerStream(bench.stub, 'request', { options: soon() });
      await journal.whenAll('status', 'end');
      await bench.settled();
      return {
        client: withoutRace(journal.only('status', 'error', 'end')),
        server: server.only('error', 'finish'),
      };
    },
    {},
  ),
  scenario(
    'a handler that writes after its call was cancelled',
    async (lab) => {
      const server = new Journal();
      const bench = await lab.open({
        handlers: {
          serverStream: (call) => {
            watchHandler(call, server);
            call.write('in time');
            call.on('cancelled', () =>
              server.note('write', call.write('too late'), call.cancelled, call.destroyed),
            );
          },
        },
      });
      const { call, journal } = callServerStream(bench.stub, 'request');
      await journal.when('data');
      call.cancel();
      await journal.whenAll('status', 'end');
      await server.when('write');
      await bench.settled();
      return { client: journal.entries, server: server.entries };
    },
    {},
  ),
];
