import { connectivityState, status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { failed } from '../harness/expected.js';
import { changeFrom, dialNowhere, nowhere, statesUntil, waiting } from '../harness/channels.js';
import { clientScenario, scenario, type Scenario } from '../harness/scenario.js';
import { stubOf } from '../harness/stub-of.js';
import { callServerStream, callUnary } from '../harness/watch.js';

const { READY, TRANSIENT_FAILURE } = connectivityState;

/** Channels that connect, or cannot. */
export const channelStates: readonly Scenario[] = [
  clientScenario(
    'a call to where nobody listens fails',
    async (lab) => {
      const stub = stubOf(dialNowhere(lab, await nowhere()));
      const { journal } = callUnary(stub, 'request');
      await journal.when('status');
      const again = callServerStream(stub, 'request');
      await again.journal.when('status');
      return {
        first: onlyStart(journal.entries),
        second: onlyStart(again.journal.only('status')),
      };
    },
    {
      first: [
        ['callback', { code: status.UNAVAILABLE }],
        ['status', { code: status.UNAVAILABLE }],
      ],
    },
  ),
  clientScenario(
    'a call to a name that nobody knows fails',
    async (lab) => {
      const stub = stubOf(dialNowhere(lab, 'dns:///nobody.invalid:443'));
      const { journal } = callUnary(stub, 'request');
      await journal.when('status');
      return { first: onlyStart(journal.entries) };
    },
    {
      first: [
        ['callback', { code: status.UNAVAILABLE }],
        ['status', { code: status.UNAVAILABLE }],
      ],
    },
  ),
  clientScenario(
    'a call that waits for a connection waits until its deadline',
    async (lab) => {
      const stub = stubOf(dialNowhere(lab, await nowhere()));
      const { journal } = callUnary(stub, 'request', {
        metadata: waiting(),
        options: { deadline: Date.now() + 200 },
      });
      await journal.when('status');
      return { client: journal.entries };
    },
    { client: failed(status.DEADLINE_EXCEEDED, expect.any(String), 'unary') },
  ),
  clientScenario(
    'a call that waits for a connection is made once there is one',
    async (lab) => {
      const target = await nowhere();
      const stub = stubOf(
        dialNowhere(lab, target, {
          'grpc.initial_reconnect_backoff_ms': 100,
          'grpc.min_reconnect_backoff_ms': 100,
        }),
      );
      const { journal } = callUnary(stub, 'request', { metadata: waiting() });
      const failing = callUnary(stub, 'request');
      await failing.journal.when('status');
      const server = lab.pair.server.createServer();
      const listener = createServer((socket) => server.serve(socket));
      lab.after(() => listener.close());
      lab.after(() => server.forceShutdown());
      listener.listen(Number(target.split(':')[1]), '127.0.0.1');
      await journal.when('status');
      return { code: journal.only('status') };
    },
    { code: [['status', { code: status.UNIMPLEMENTED }]] },
  ),
  clientScenario(
    'states of a channel to where nobody listens',
    async (lab) => {
      const channel = dialNowhere(lab, await nowhere());
      const before = connectivityState[channel.getConnectivityState(false)];
      return { before, states: await statesUntil(channel, TRANSIENT_FAILURE) };
    },
    { before: 'IDLE', states: ['IDLE', 'CONNECTING', 'TRANSIENT_FAILURE'] },
  ),
  clientScenario(
    'a server that accepts and says nothing keeps its callers waiting',
    async (lab) => {
      const sockets = new Set<Socket>();
      const listener = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
      await once(listener, 'listening');
      lab.after(() => {
        for (const socket of sockets) socket.destroy();
        listener.close();
      });
      const { port } = listener.address() as AddressInfo;
      const channel = dialNowhere(lab, `127.0.0.1:${port}`);
      const { journal } = callUnary(stubOf(channel), 'request', {
        options: { deadline: Date.now() + 300 },
      });
      await journal.when('status');
      return {
        client: journal.entries,
        state: connectivityState[channel.getConnectivityState(false)],
      };
    },
    { client: failed(status.DEADLINE_EXCEEDED, expect.any(String), 'unary') },
  ),
  clientScenario(
    'a server that hangs up before it says a word fails its callers',
    async (lab) => {
      const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      await once(listener, 'listening');
      lab.after(() => listener.close());
      const { port } = listener.address() as AddressInfo;
      const { journal } = callUnary(stubOf(dialNowhere(lab, `127.0.0.1:${port}`)), 'request', {
        options: { deadline: Date.now() + 2_000 },
      });
      await journal.when('status');
      return { client: onlyStart(journal.entries) };
    },
    {},
  ),
  scenario(
    'states of a channel that connects, and is closed',
    async (lab) => {
      const { channel } = await lab.open();
      const states = await statesUntil(channel, READY);
      const closed = changeFrom(channel, READY);
      channel.close();
      await closed;
      return {
        // One that is made by a handshake may be connecting already.
        ready: states.at(-1),
        closed: connectivityState[channel.getConnectivityState(false)],
        stillClosed: connectivityState[channel.getConnectivityState(true)],
      };
    },
    { ready: 'READY', closed: 'SHUTDOWN', stillClosed: 'SHUTDOWN' },
  ),
  scenario(
    'a watch for a change that does not come ends with its deadline',
    async (lab) => {
      const { channel } = await lab.open();
      await statesUntil(channel, READY);
      const outcomes: string[] = [];
      for (const deadline of [
        Date.now() + 50,
        new Date(Date.now() + 50),
        Date.now() - 1,
        -Infinity,
      ]) {
        outcomes.push(
          await new Promise<string>((resolve) => {
            channel.watchConnectivityState(READY, deadline, (error) => resolve(String(error)));
          }),
        );
      }
      return { outcomes };
    },
    { outcomes: Array(4).fill('Error: Deadline passed without connectivity state change') },
  ),
  scenario(
    'waitForReady is told when the channel is ready',
    async (lab) => {
      const { stub } = await lab.open();
      const wait = (deadline: number): Promise<string> =>
        new Promise((resolve) => stub.waitForReady(deadline, (error) => resolve(String(error))));
      const ready = await wait(Date.now() + 5_000);
      const again = await wait(Date.now() + 5_000);
      stub.close();
      return { ready, again };
    },
    { ready: 'undefined', again: 'undefined' },
  ),
  clientScenario(
    'waitForReady gives up at its deadline',
    async (lab) => {
      const stub = stubOf(dialNowhere(lab, await nowhere()));
      const outcome = await new Promise((resolve) => {
        stub.waitForReady(Date.now() + 200, (error) => resolve(String(error)));
      });
      return { outcome };
    },
    { outcome: 'Error: Failed to connect before the deadline' },
  ),
  clientScenario(
    'a channel knows its target',
    async (lab) => ({
      targets: [
        '127.0.0.1:1',
        'dns:///example.test:443',
        'ipv4:127.0.0.1:1',
        'unix:/tmp/x.sock',
        'example.test',
      ].map((target) => dialNowhere(lab, target).getTarget()),
    }),
    {
      targets: [
        'dns:127.0.0.1:1',
        'dns:///example.test:443',
        'ipv4:127.0.0.1:1',
        'unix:/tmp/x.sock',
        'dns:example.test',
      ],
    },
  ),
  clientScenario(
    'a target that is none is refused at once',
    async (lab) => {
      const tries = ['', 'nosuchscheme:///x', '127.0.0.1:notaport'].map((target) => {
        try {
          return dialNowhere(lab, target).getTarget();
        } catch (error) {
          return String(error);
        }
      });
      return { tries };
    },
    {},
  ),
];

/** Names and addresses in these texts differ from system to system. */
function onlyStart(entries: readonly unknown[]): unknown {
  return JSON.parse(
    JSON.stringify(entries, (key, value: unknown) =>
      (key === 'details' || key === 'message') && typeof value === 'string'
        ? value.replace(/^((?:14 UNAVAILABLE: )?\w+ \w+).*$/s, '$1')
        : value,
    ),
  );
}
