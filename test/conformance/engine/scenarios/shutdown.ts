import { status } from '@grpc/grpc-js';
import { PassThrough } from 'node:stream';
import { expect } from 'vitest';
import { handleAll, type Ending } from '../harness/handle-all.js';
import { Journal } from '../harness/journal.js';
import { makeCall, outcomeOf, told } from '../harness/make-call.js';
import { open, rawClient, requestHeaders } from '../harness/raw-client.js';
import { framed } from '../harness/raw-server.js';
import { scenario, serverScenario, type Scenario } from '../harness/scenario.js';
import { KINDS } from '../harness/test-service.js';
import { callUnary } from '../harness/watch.js';

/** Servers that stop. */
export const shutdown: readonly Scenario[] = [
  ...KINDS.map((kind) =>
    scenario(
      `tryShutdown waits for a call under way: ${kind}`,
      async (lab) => {
        const server = new Journal();
        let ending!: Ending;
        const bench = await lab.open({
          handlers: handleAll((_call, given) => {
            ending = given;
            server.note('called');
          }),
        });
        const { journal } = makeCall(bench.stub, kind);
        await server.when('called');
        bench.server.tryShutdown((error) => server.note('shut down', error ?? 'well'));
        await new Promise(setImmediate);
        const early = server.count('shut down');
        ending.reply('answer');
        await journal.when('status');
        await server.when('shut down');
        return { early, client: told(journal), server: server.entries };
      },
      { early: 0, server: ['called', ['shut down', 'well']] },
    ),
  ),
  scenario(
    'tryShutdown of an idle server is soon done',
    async (lab) => {
      const server = new Journal();
      const bench = await lab.open({
        handlers: { unary: (_call, callback) => callback(null, 'answer') },
      });
      await outcomeOf(bench.stub, 'unary');
      bench.server.tryShutdown((error) => server.note('shut down', error ?? 'well'));
      await server.when('shut down');
      return { server: server.entries };
    },
    { server: [['shut down', 'well']] },
  ),
  serverScenario(
    'tryShutdown of a server that nobody ever called',
    async (lab) => {
      const server = new Journal();
      lab.pair.server
        .createServer()
        .tryShutdown((error) => server.note('shut down', error ?? 'well'));
      await server.when('shut down');
      return { server: server.entries };
    },
    { server: [['shut down', 'well']] },
  ),
  scenario(
    'a call made after tryShutdown does not reach the handlers',
    async (lab) => {
      const server = new Journal();
      const bench = await lab.open({
        handlers: {
          unary: (_call, callback) => {
            server.note('called');
            callback(null, 'answer');
          },
        },
      });
      await outcomeOf(bench.stub, 'unary');
      await new Promise<void>((resolve) => bench.server.tryShutdown(() => resolve()));
      const { journal } = callUnary(bench.stub, 'request', {
        options: { deadline: Date.now() + 500 },
      });
      await journal.when('status');
      const failure = journal.only('status') as [string, { code: number }][];
      return {
        isFailure: [status.UNAVAILABLE, status.DEADLINE_EXCEEDED].includes(failure[0]![1].code),
        server: server.entries,
      };
    },
    { isFailure: true, server: ['called'] },
  ),
  serverScenario(
    'tryShutdown says goodbye to the client',
    async (lab) => {
      const server = new Journal();
      let answer!: () => void;
      const { session, engineServer } = await rawClient(lab, {
        handlers: {
          unary: (_call, callback) => {
            answer = () => callback(null, 'answer');
            server.note('called');
          },
        },
      });
      session.on('goaway', (code) => server.note('goaway', code));
      session.on('close', () => server.note('closed'));
      const { stream, journal } = open(session, requestHeaders());
      stream.end(framed(Buffer.from('"request"')));
      await server.when('called');
      engineServer.tryShutdown(() => server.note('shut down'));
      await server.when('goaway');
      answer();
      await journal.when('close');
      await server.whenAll('closed', 'shut down');
      return { answer: journal.entries, saidGoodbye: server.only('goaway')[0] };
    },
    { saidGoodbye: ['goaway', 0] },
  ),
  ...KINDS.map((kind) =>
    scenario(
      `forceShutdown ends a call under way: ${kind}`,
      async (lab) => {
        const server = new Journal();
        const bench = await lab.open({
          handlers: handleAll((call) => {
            call.on('cancelled', () => server.note('cancelled', call.cancelled));
            server.note('called');
          }),
        });
        const { journal } = makeCall(bench.stub, kind);
        await server.when('called');
        bench.server.forceShutdown();
        await journal.when('status');
        await server.when('cancelled');
        const codes = (journal.only('status') as [string, { code: number }][]).map(
          ([, { code }]) => code,
        );
        return { codes, server: server.entries };
      },
      { codes: [expect.any(Number)], server: ['called', ['cancelled', true]] },
    ),
  ),
  scenario(
    'forceShutdown after tryShutdown does not wait any longer',
    async (lab) => {
      const server = new Journal();
      const bench = await lab.open({
        handlers: handleAll(() => server.note('called')),
      });
      const { journal } = callUnary(bench.stub, 'request');
      await server.when('called');
      bench.server.tryShutdown((error) => server.note('shut down', error ?? 'well'));
      bench.server.forceShutdown();
      bench.server.forceShutdown();
      await journal.when('status');
      await server.when('shut down');
      return { server: server.entries };
    },
    { server: ['called', ['shut down', 'well']] },
  ),
  serverScenario(
    'a connection that comes after forceShutdown is not served',
    async (lab) => {
      const server = lab.pair.server.createServer();
      server.forceShutdown();
      const stream = new PassThrough();
      server.serve(stream);
      return { destroyed: stream.destroyed };
    },
    { destroyed: true },
  ),
];
