import { HEADERS, OK } from '../harness/expected.js';
import { Journal } from '../harness/journal.js';
import { scenario, type Scenario } from '../harness/scenario.js';
import {
  callBidi,
  callClientStream,
  callServerStream,
  callUnary,
  watchHandler,
} from '../harness/watch.js';

/** All four kinds of call where nothing goes wrong. */
export const kinds: readonly Scenario[] = [
  scenario(
    'a unary call is answered',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        handlers: {
          unary: (call, callback) => {
            server.note('request', call.request);
            watchHandler(call, server);
            callback(null, { length: call.request.text.length });
          },
        },
      });
      const { journal } = callUnary(stub, { text: 'hello' });
      await journal.when('status');
      await server.when('cancelled');
      return { client: journal.entries, server: server.entries };
    },
    {
      client: [HEADERS, ['callback', { length: 5 }], ['status', OK]],
      server: [
        ['request', { text: 'hello' }],
        ['cancelled', 'cancelled'],
      ],
    },
  ),
  scenario(
    'a client stream is answered once it has ended',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        handlers: {
          clientStream: (call, callback) => {
            watchHandler(call, server, { reading: true });
            call.on('end', () => callback(null, server.count('data')));
          },
        },
      });
      const { call, journal } = callClientStream(stub);
      for (const message of ['a', 'b', 'c']) call.write(message);
      call.end();
      await journal.whenAll('status', 'close');
      await server.whenAll('cancelled', 'close');
      return { client: journal.entries, server: server.entries };
    },
    {
      client: ['finish', 'close', HEADERS, ['callback', 3], ['status', OK]],
      server: [
        ['data', 'a'],
        ['data', 'b'],
        ['data', 'c'],
        'end',
        ['cancelled', 'cancelled'],
        'close',
      ],
    },
  ),
  scenario(
    'a server stream gives its messages, then ends',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        handlers: {
          serverStream: (call) => {
            server.note('request', call.request);
            watchHandler(call, server);
            for (const message of ['a', 'b', 'c']) call.write(message);
            call.end();
          },
        },
      });
      const { journal } = callServerStream(stub, { of: 'letters' });
      await journal.whenAll('status', 'close');
      await server.whenAll('cancelled', 'close');
      return { client: journal.entries, server: server.entries };
    },
    {
      client: [
        HEADERS,
        ['data', 'a'],
        ['data', 'b'],
        ['data', 'c'],
        ['status', OK],
        'end',
        'close',
      ],
      server: [['request', { of: 'letters' }], 'finish', 'close', ['cancelled', 'cancelled']],
    },
  ),
  scenario(
    'a bidirectional stream answers message by message',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        handlers: {
          bidi: (call) => {
            watchHandler(call, server, { reading: true });
            call.on('data', (message) => call.write(`${message}!`));
            call.on('end', () => call.end());
          },
        },
      });
      const { call, journal } = callBidi(stub);
      for (const [index, message] of ['a', 'b', 'c'].entries()) {
        call.write(message);
        await journal.when('data', index + 1);
      }
      call.end();
      await journal.whenAll('status', 'close');
      await server.whenAll('cancelled', 'close');
      return { client: journal.entries, server: server.entries };
    },
    {
      client: [
        HEADERS,
        ['data', 'a!'],
        ['data', 'b!'],
        ['data', 'c!'],
        'finish',
        ['status', OK],
        'end',
        'close',
      ],
    },
  ),
  scenario(
    'a server may answer a client stream before it has read any of it',
    async (lab) => {
      const { stub } = await lab.open({
        handlers: { clientStream: (_call, callback) => callback(null, 'early') },
      });
      const { call, journal } = callClientStream(stub);
      await journal.when('status');
      return { beforeEnding: [...journal.entries], writable: call.writable };
    },
    { beforeEnding: [HEADERS, ['callback', 'early'], ['status', OK]] },
  ),
  scenario(
    'a server may end a bidirectional stream while the client still writes',
    async (lab) => {
      const server = new Journal();
      const bench = await lab.open({
        handlers: {
          bidi: (call) => {
            watchHandler(call, server, { reading: true });
            call.write('bye');
            call.end();
          },
        },
      });
      const { call, journal } = callBidi(bench.stub);
      await journal.whenAll('status', 'end');
      call.write('into the void', () => journal.note('written'));
      await journal.when('written');
      call.end();
      await journal.when('close');
      await bench.settled();
      return { client: journal.entries, server: server.only('data', 'cancelled', 'finish') };
    },
    { client: [HEADERS, ['data', 'bye'], ['status', OK], 'end', 'written', 'finish', 'close'] },
  ),
  scenario(
    'a server goes on writing after the client has ended its half',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        handlers: {
          bidi: (call) => {
            watchHandler(call, server, { reading: true });
            call.on('end', () => {
              for (const message of ['x', 'y', 'z']) call.write(message);
              call.end();
            });
          },
        },
      });
      const { call, journal } = callBidi(stub);
      call.end();
      await journal.whenAll('status', 'close');
      await server.whenAll('cancelled', 'close');
      return { client: journal.entries, server: server.without('close', 'cancelled') };
    },
    {
      client: [
        'finish',
        HEADERS,
        ['data', 'x'],
        ['data', 'y'],
        ['data', 'z'],
        ['status', OK],
        'end',
        'close',
      ],
      server: ['end', 'finish'],
    },
  ),
  scenario(
    'streams may carry nothing at all',
    async (lab) => {
      const { stub } = await lab.open({
        handlers: {
          clientStream: (call, callback) => call.resume().on('end', () => callback(null, 'none')),
          serverStream: (call) => call.end(),
          bidi: (call) => call.resume().on('end', () => call.end()),
        },
      });
      const up = callClientStream(stub);
      up.call.end();
      const down = callServerStream(stub, 'request');
      const both = callBidi(stub);
      both.call.end();
      for (const { journal } of [up, down, both]) await journal.whenAll('status', 'close');
      return {
        up: up.journal.entries,
        down: down.journal.entries,
        both: both.journal.without('finish'),
      };
    },
    {
      up: ['finish', 'close', HEADERS, ['callback', 'none'], ['status', OK]],
      down: [['status', OK], 'end', 'close'],
    },
  ),
  scenario(
    'many calls at once do not mix up their answers',
    async (lab) => {
      const { stub } = await lab.open({
        handlers: { unary: (call, callback) => callback(null, call.request * 2) },
      });
      const calls = Array.from({ length: 100 }, (_, index) => callUnary(stub, index + 1));
      for (const { journal } of calls) await journal.when('status');
      return { answers: calls.map(({ journal }) => journal.only('callback')) };
    },
    { answers: Array.from({ length: 100 }, (_, index) => [['callback', (index + 1) * 2]]) },
  ),
];
