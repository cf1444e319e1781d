import { expect } from 'vitest';
import { Metadata, type CallOptions } from '@grpc/grpc-js';
import { handleAllAtEnd } from '../harness/handle-all.js';
import { Journal } from '../harness/journal.js';
import { makeCall, outcomeOf, told } from '../harness/make-call.js';
import { withoutVarying } from '../harness/plain.js';
import { scenario, type Scenario } from '../harness/scenario.js';
import { json, KINDS, pathOf } from '../harness/test-service.js';
import { callServerStream } from '../harness/watch.js';

/** What calls know of themselves and of where they go. */
export const callFacts: readonly Scenario[] = [
  ...KINDS.map((kind) =>
    scenario(
      `what a handler knows of its call: ${kind}`,
      async (lab) => {
        const server = new Journal();
        const { stub } = await lab.open({
          handlers: handleAllAtEnd((call, { reply }) => {
            server.note('path', call.getPath());
            server.note('host', call.getHost());
            server.note('peer', call.getPeer());
            server.note('deadline', call.getDeadline());
            server.note('auth', call.getAuthContext());
            server.note('cancelled', call.cancelled);
            server.note('metadata', call.metadata instanceof Metadata, call.metadata.getOptions());
            server.note(
              'metrics',
              typeof (call as never as { getMetricsRecorder?: unknown }).getMetricsRecorder,
            );
            reply('answer');
          }),
        });
        return { told: await outcomeOf(stub, kind), server: server.entries };
      },
      {
        server: expect.arrayContaining([
          ['path', pathOf(kind)],
          ['peer', '127.0.0.1:<port>'],
        ]),
      },
    ),
  ),
  ...KINDS.map((kind) =>
    scenario(
      `what a caller knows of its call: ${kind}`,
      async (lab) => {
        const known = new Journal();
        const { stub } = await lab.open({
          handlers: handleAllAtEnd((call, { reply }) => {
            call.sendMetadata(new Metadata());
            reply('answer');
          }),
        });
        const { call, journal } = makeCall(stub, kind);
        const note = (when: string): void =>
          known.note(
            when,
            call.getPeer(),
            (call as never as { getAuthContext(): object }).getAuthContext(),
          );
        note('made');
        await journal.when('metadata');
        note('metadata');
        await journal.when('status');
        note('status');
        return { known: known.entries };
      },
      {},
    ),
  ),
  scenario(
    'a host of its own reaches the handler',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        handlers: handleAllAtEnd((call, { reply }) => {
          server.note('host', call.getHost());
          reply('answer');
        }),
      });
      await outcomeOf(stub, 'unary', { options: { host: 'example.test' } as CallOptions });
      return { server: server.entries };
    },
    { server: [['host', 'example.test']] },
  ),
  scenario(
    'the default authority of the channel reaches the handler',
    async (lab) => {
      const server = new Journal();
      const { stub } = await lab.open({
        client: { 'grpc.default_authority': 'authority.test:123' },
        handlers: handleAllAtEnd((call, { reply }) => {
          server.note('host', call.getHost());
          reply('answer');
        }),
      });
      await outcomeOf(stub, 'unary');
      return { server: server.entries };
    },
    { server: [['host', 'authority.test:123']] },
  ),
  scenario(
    'errors tell where they come from',
    async (lab) => {
      const { stub } = await lab.open();
      const error = await new Promise<Error>((resolve) => {
        stub.unary('request', new Metadata(), {}, (failure) => resolve(failure!));
      });
      return {
        ofCall: error.stack?.includes('for call at'),
        ofCaller: error.stack?.includes('call-facts'),
      };
    },
    { ofCall: true, ofCaller: true },
  ),
  scenario(
    'calls made without metadata, or without options, are calls',
    async (lab) => {
      const { stub } = await lab.open({
        handlers: { unary: (call, callback) => callback(null, call.request) },
      });
      const make = (...args: unknown[]): Promise<unknown> =>
        new Promise((resolve) => {
          const unary = stub.unary.bind(stub) as unknown as (...given: unknown[]) => void;
          unary(...args, (error: unknown, value: unknown) => resolve(error ?? value));
        });
      return {
        answers: [
          await make('request alone'),
          await make('with metadata', new Metadata()),
          await make('with options', { deadline: Infinity }),
        ],
      };
    },
    { answers: ['request alone', 'with metadata', 'with options'] },
  ),
  scenario(
    'a stream that is not read shows nothing, and ends when it is',
    async (lab) => {
      const { stub } = await lab.open({
        handlers: {
          serverStream: (call) => {
            call.write('first');
            call.end();
          },
        },
      });
      const { call, journal } = callServerStream(stub, 'request', { reading: false });
      await journal.when('metadata');
      const before = told(journal);
      call.on('data', (message) => journal.note('data', message));
      await journal.whenAll('status', 'close');
      return { before, client: journal.entries };
    },
    { before: [['metadata', {}]] },
  ),
  scenario(
    'a call can be made through the channel itself',
    async (lab) => {
      const { channel } = await lab.open({
        handlers: { unary: (call, callback) => callback(null, call.request) },
      });
      const journal = new Journal();
      const call = channel.createCall(pathOf('unary'), Infinity, null, null, undefined);
      call.start(new Metadata(), {
        onReceiveMetadata: (metadata) => journal.note('metadata', metadata),
        onReceiveMessage: (message) => journal.note('message', json.deserialize(message)),
        onReceiveStatus: ({ code, details }) => journal.note('status', code, details),
      });
      call.startRead();
      call.sendMessageWithContext(
        { callback: () => journal.note('written') },
        json.serialize('raw'),
      );
      call.halfClose();
      await journal.when('status');
      return {
        peer: withoutVarying(call.getPeer()),
        events: journal.without('written'),
        written: journal.count('written'),
        number: typeof call.getCallNumber(),
      };
    },
    {
      events: [
        ['metadata', {}],
        ['message', 'raw'],
        ['status', 0, 'OK'],
      ],
    },
  ),
  scenario(
    'a channel refuses calls that are none',
    async (lab) => {
      const { channel } = await lab.open();
      const tries = [
        [42, Infinity],
        ['/method', 'soon'],
        ['/method', undefined],
      ].map((args) => {
        try {
          channel.createCall(...(args as [string, number]), null, null, undefined);
          return 'made';
        } catch (error) {
          return String(error);
        }
      });
      return { tries };
    },
    {
      tries: [
        expect.stringContaining('method must be a string'),
        expect.any(String),
        expect.any(String),
      ],
    },
  ),
];
