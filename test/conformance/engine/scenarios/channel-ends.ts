import { connectivityState, status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { changeFrom, dialNowhere, nowhere, statesUntil, waiting } from '../harness/channels.js';
import { failed } from '../harness/expected.js';
import { Journal } from '../harness/journal.js';
import { outcomeOf } from '../harness/make-call.js';
import { clientScenario, scenario, type Scenario } from '../harness/scenario.js';
import { stubOf } from '../harness/stub-of.js';
import { callBidi, callServerStream, callUnary } from '../harness/watch.js';

const { READY, SHUTDOWN } = connectivityState;

/** Channels that are closed, lose their connection, or let it go. */
export const channelEnds: readonly Scenario[] = [
  scenario(
    // Asked to connect, a closed channel of grpc-js does.
    'waitForReady is told that its channel is closed',
    async (lab) => {
      const { stub } = await lab.open();
      stub.close();
      const outcome = await new Promise((resolve) => {
        stub.waitForReady(Date.now() + 1_000, (error) => resolve(String(error)));
      });
      return { outcome };
    },
    { outcome: expect.any(String) },
  ),
  scenario(
    'a closed channel makes no calls, watches nothing, and may be closed again',
    async (lab) => {
      const { stub, channel } = await lab.open();
      await statesUntil(channel, READY);
      stub.close();
      stub.close();
      const trying = (act: () => unknown): string => {
        try {
          act();
          return 'done';
        } catch (error) {
          return String(error);
        }
      };
      return {
        state: channel.getConnectivityState(false) === SHUTDOWN,
        call: trying(() => callUnary(stub, 'request')),
        stream: trying(() => callServerStream(stub, 'request')),
        watch: trying(() => channel.watchConnectivityState(SHUTDOWN, Infinity, () => {})),
      };
    },
    {
      call: 'Error: Channel has been shut down',
      stream: 'Error: Channel has been shut down',
      watch: 'Error: Channel has been shut down',
    },
  ),
  scenario(
    'calls under way survive that their channel is closed',
    async (lab) => {
      const server = new Journal();
      let answer!: () => void;
      const { stub } = await lab.open({
        handlers: {
          unary: (_call, callback) => {
            answer = () => callback(null, 'answer');
            server.note('called');
          },
          bidi: (call) => {
            call.on('data', (message) => call.write(`${message}!`));
            call.on('end', () => call.end());
          },
        },
      });
      const { journal } = callUnary(stub, 'request');
      const { call, journal: conversation } = callBidi(stub);
      call.write('before');
      await server.when('called');
      await conversation.when('data');
      stub.close();
      for (let round = 2; round < 7; round += 1) {
        call.write('after');
        await Promise.race([conversation.when('data', round), conversation.when('status')]);
      }
      answer();
      await journal.when('status');
      call.end();
      await conversation.whenAll('status', 'close');
      return { client: journal.entries, conversation: conversation.without('finish') };
    },
    {
      client: [
        ['metadata', {}],
        ['callback', 'answer'],
        ['status', { code: 0 }],
      ],
    },
  ),
  clientScenario(
    'calls that wait for a connection are told that their channel is closed',
    async (lab) => {
      const stub = stubOf(dialNowhere(lab, await nowhere()));
      const { journal } = callUnary(stub, 'request', { metadata: waiting() });
      await new Promise(setImmediate);
      stub.close();
      await journal.when('status');
      return { client: journal.entries };
    },
    { client: failed(status.UNAVAILABLE, 'Channel closed before call started', 'unary') },
  ),
  scenario(
    'a call made just before its channel is closed',
    async (lab) => {
      const bench = await lab.open({
        handlers: { unary: (_call, callback) => callback(null, 'answer') },
      });
      const { journal } = callUnary(bench.stub, 'request');
      bench.stub.close();
      await journal.when('status');
      return { client: journal.entries };
    },
    {},
  ),
  scenario(
    'a lost connection fails the calls under way',
    async (lab) => {
      const server = new Journal();
      const bench = await lab.open({
        handlers: {
          unary: (_call, callback) => callback(null, 'answer'),
          serverStream: (call) => {
            call.write('first');
            call.on('cancelled', () => server.note('cancelled', call.cancelled));
          },
        },
      });
      const { journal } = callServerStream(bench.stub, 'request');
      await journal.when('data');
      bench.cut();
      await journal.whenAll('status', 'end');
      await server.when('cancelled');
      return { code: codesOf(journal.only('error', 'status')), server: server.entries };
    },
    { code: [status.UNAVAILABLE, status.UNAVAILABLE], server: [['cancelled', true]] },
  ),
  clientScenario(
    'a channel that lost its connection connects again for the next call',
    async (lab) => {
      const bench = await lab.open({
        handlers: { unary: (_call, callback) => callback(null, 'answer') },
      });
      await outcomeOf(bench.stub, 'unary');
      const lost = changeFrom(bench.channel, READY);
      bench.cut();
      await lost;
      return {
        state: connectivityState[bench.channel.getConnectivityState(false)],
        again: await outcomeOf(bench.stub, 'unary'),
      };
    },
    { state: 'IDLE', again: [['metadata', {}], ['callback', 'answer'], {}] },
  ),
  scenario(
    'a channel without calls disconnects after a while',
    async (lab) => {
      const bench = await lab.open({
        client: { 'grpc.client_idle_timeout_ms': 1_000 },
        handlers: { unary: (_call, callback) => callback(null, 'answer') },
      });
      await outcomeOf(bench.stub, 'unary');
      await changeFrom(bench.channel, READY, 3_000);
      const state = connectivityState[bench.channel.getConnectivityState(false)];
      return { state };
    },
    { state: 'IDLE' },
  ),
];

function codesOf(entries: readonly unknown[]): unknown[] {
  return (entries as [string, { code: number }][]).map(([, { code }]) => code);
}
