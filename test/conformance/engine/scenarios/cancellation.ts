import { status } from '@grpc/grpc-js';
import { failed } from '../harness/expected.js';
import { handleAll, type AnyCall } from '../harness/handle-all.js';
import { Journal } from '../harness/journal.js';
import { makeCall, told } from '../harness/make-call.js';
import { scenario, type Scenario } from '../harness/scenario.js';
import { KINDS } from '../harness/test-service.js';
import {
  callBidi,
  callClientStream,
  callServerStream,
  callUnary,
  watchHandler,
} from '../harness/watch.js';

const CANCELLED = 'Cancelled on client';

/** Notes what a handler can see of a cancellation, from the moment of the event on. */
function watchCancellation(call: AnyCall, server: Journal): void {
  server.note('called', call.cancelled);
  watchHandler(call, server);
  call.on('cancelled', () => server.note('flag', call.cancelled));
}

/** Calls that the client cancels, at all times of their lives. */
export const cancellation: readonly Scenario[] = [
  ...KINDS.map((kind) =>
    scenario(
      // Whether its handler is called is a race; a grpc-js client makes the call all the same.
      `a call cancelled as soon as it is made: ${kind}`,
      async (lab) => {
        const bench = await lab.open({ handlers: handleAll(() => {}) });
        await bench.settled();
        const { call, journal } = makeCall(bench.stub, kind);
        call.cancel();
        await journal.when('status');
        await bench.settled();
        return { client: told(journal) };
      },
      { client: failed(status.CANCELLED, CANCELLED, kind) },
    ),
  ),
  ...KINDS.map((kind) =>
    scenario(
      `a call cancelled while its handler works: ${kind}`,
      async (lab) => {
        const server = new Journal();
        const { stub } = await lab.open({
          handlers: handleAll((call) => watchCancellation(call, server)),
        });
        const { call, journal } = makeCall(stub, kind);
        await server.when('called');
        call.cancel();
        await journal.when('status');
        await server.when('flag');
        if (kind !== 'unary') await server.when('close');
        return { client: told(journal), server: server.without('end') };
      },
      { client: failed(status.CANCELLED, CANCELLED, kind) },
    ),
  ),
  ...KINDS.map((kind) =>
    scenario(
      `a call cancelled twice: ${kind}`,
      async (lab) => {
        const server = new Journal();
        const bench = await lab.open({
          handlers: handleAll((call) => watchCancellation(call, server)),
        });
        const { call, journal } = makeCall(bench.stub, kind);
        await server.when('called');
        call.cancel();
        call.cancel();
        await journal.when('status');
        await server.when('flag');
        await bench.settled();
        return { client: told(journal), server: server.only('cancelled', 'flag') };
      },
      { client: failed(status.CANCELLED, CANCELLED, kind) },
    ),
  ),
  ...KINDS.map((kind) =>
    scenario(
      `a call cancelled when it is over: ${kind}`,
      async (lab) => {
        const server = new Journal();
        const bench = await lab.open({
          handlers: handleAll((call, { reply }) => {
            watchCancellation(call, server);
            reply('answer');
          }),
        });
        const { call, journal } = makeCall(bench.stub, kind);
        await journal.when('status');
        call.cancel();
        await server.when('flag');
        await bench.settled();
        return { client: told(journal), server: server.only('called', 'cancelled', 'flag') };
      },
      {
        server: [
          ['called', false],
          ['cancelled', 'cancelled'],
          ['flag', true],
        ],
      },
    ),
  ),
  scenario(
    'a server stream cancelled after its first message',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        handlers: {
          serverStream: (call) => {
            watchCancellation(call, server);
            call.write('first');
          },
        },
      });
      const { call, journal } = callServerStream(stub, 'request');
      await journal.when('data');
      call.cancel();
      await journal.whenAll('status', 'close');
      await server.whenAll('flag', 'close');
      return { client: journal.entries, server: server.entries };
    },
    { client: failed(status.CANCELLED, CANCELLED, 'serverStream') },
  ),
  scenario(
    // node:http2 ends a stream before it resets it: whether that is seen first is a race.
    'a client stream cancelled between its messages',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        handlers: {
          clientStream: (call) => {
            watchCancellation(call, server);
            call.on('data', (message) => server.note('data', message));
          },
        },
      });
      const { call, journal } = callClientStream(stub);
      call.write('first');
      await server.when('data');
      call.cancel();
      await journal.when('status');
      await server.whenAll('flag', 'close');
      return { client: journal.entries, server: server.without('end') };
    },
    { client: failed(status.CANCELLED, CANCELLED, 'clientStream') },
  ),
  scenario(
    // node:http2 ends a stream before it resets it: whether that is seen first is a race.
    'a bidirectional stream cancelled in the middle of a conversation',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        handlers: {
          bidi: (call) => {
            watchCancellation(call, server);
            call.on('data', (message) => call.write(`${message}!`));
          },
        },
      });
      const { call, journal } = callBidi(stub);
      call.write('first');
      await journal.when('data');
      call.cancel();
      await journal.whenAll('status', 'end');
      await server.whenAll('flag', 'close');
      return { client: journal.entries, server: server.without('end') };
    },
    { client: failed(status.CANCELLED, CANCELLED, 'bidi') },
  ),
  scenario(
    'a stream destroyed by its client is told nothing more',
    async (lab) => {
      const { stub } = await lab.open({
        handlers: { serverStream: (call) => call.write('first') },
      });
      const { call, journal } = callServerStream(stub, 'request');
      await journal.when('data');
      call.destroy();
      await journal.when('close');
      const seen = [...journal.entries];
      call.cancel();
      await journal.when('status');
      return { seen, client: journal.only('status', 'close') };
    },
    {},
  ),
  scenario(
    'a handler that answers a cancelled call is not heard',
    async (lab) => {
      const server = new Journal();
      const bench = await lab.open({
        handlers: {
          unary: (call, callback) => {
            watchCancellation(call, server);
            call.on('cancelled', () => {
              call.sendMetadata(call.metadata);
              callback(null, 'too late');
              server.note('answered');
            });
          },
        },
      });
      const { call, journal } = callUnary(bench.stub, 'request');
      await server.when('called');
      call.cancel();
      await server.when('answered');
      await bench.settled();
      return { client: journal.entries, server: server.entries };
    },
    { client: failed(status.CANCELLED, CANCELLED, 'unary') },
  ),
  scenario(
    'a call that is over but not yet read can be cancelled',
    async (lab) => {
      const server = new Journal();
      const bench = await lab.open({
        handlers: {
          serverStream: (call) => {
            call.on('cancelled', () => server.note('over'));
            for (const message of ['a', 'b', 'c']) call.write(message);
            call.end();
          },
        },
      });
      const { call, journal } = callServerStream(bench.stub, 'request', { reading: false });
      await server.when('over');
      await bench.settled();
      call.cancel();
      await journal.when('status');
      return { client: journal.only('status') };
    },
    { client: [['status', { code: status.CANCELLED }]] },
  ),
  scenario(
    'one of many calls cancelled leaves the others alone',
    async (lab) => {
      const server = new Journal();
      const answers: (() => void)[] = [];
      const { stub } = await lab.open({
        handlers: {
          unary: (call, callback) => {
            answers.push(() => callback(null, call.request));
            server.note('called');
          },
        },
      });
      const calls = [1, 2, 3].map((request) => callUnary(stub, request));
      await server.when('called', 3);
      calls[1]!.call.cancel();
      await calls[1]!.journal.when('status');
      for (const answer of answers) answer();
      for (const { journal } of calls) await journal.when('status');
      return { calls: calls.map(({ journal }) => journal.only('callback')) };
    },
    { calls: [[['callback', 1]], [['callback', { code: status.CANCELLED }]], [['callback', 3]]] },
  ),
];
