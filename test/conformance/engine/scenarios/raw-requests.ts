import { expect } from 'vitest';
import { gzipSync } from 'node:zlib';
import type { OutgoingHttpHeaders } from 'node:http2';
import { handleAllAtEnd, handleAll } from '../harness/handle-all.js';
import { Journal } from '../harness/journal.js';
import { plainMetadata } from '../harness/plain.js';
import { open, rawClient, request, requestHeaders } from '../harness/raw-client.js';
import { framed } from '../harness/raw-server.js';
import { serverScenario, type Observation, type Scenario } from '../harness/scenario.js';
import { KINDS, type Kind } from '../harness/test-service.js';
import { watchHandler } from '../harness/watch.js';

const REQUEST = framed(Buffer.from('"request"'));

/** A request as `headers` and `pieces` make it: what comes back, and what does the handler see? */
function requesting(
  name: string,
  headers: OutgoingHttpHeaders,
  pieces: readonly Buffer[] = [REQUEST],
  { kind = 'unary' as Kind, expected = {} as Observation } = {},
): Scenario {
  return serverScenario(
    name,
    async (lab) => {
      const server = new Journal();
      const { session } = await rawClient(lab, {
        handlers: handleAllAtEnd((call, { reply }) => {
          server.note('called', call.getPath(), call.getHost().replace(/\d+$/, '<port>'));
          server.note('metadata', plainMetadata(call.metadata));
          server.note('hasDeadline', call.getDeadline() !== Infinity);
          reply('answer');
        }),
      });
      const answer = await request(session, { ...requestHeaders(kind), ...headers }, pieces);
      return { answer, server: server.entries };
    },
    expected,
  );
}

const CONTENT_TYPES = [
  'application/grpc',
  'application/grpc+json',
  'application/grpc;charset=utf-8',
  'application/grpc-web',
  'application/grpcfoo',
  'application/json',
  'APPLICATION/GRPC',
  '',
];

const TIMEOUTS = [
  '10S',
  '5H',
  '3M',
  '100000m',
  '99999999u',
  '99999999n',
  '99999999H',
  '123456789S',
  '10',
  'S',
  'abc',
  '-1S',
  '1.5S',
  '10 S',
  '10s',
  'x10Sy',
  '',
];

const cutInto = (size: number): Buffer[] => {
  const pieces = [];
  for (let at = 0; at < REQUEST.length; at += size) pieces.push(REQUEST.subarray(at, at + size));
  return pieces;
};

/** Requests that other implementations, or broken ones, may make. */
export const rawRequests: readonly Scenario[] = [
  requesting('a proper request', {}, [REQUEST], {
    expected: {
      answer: [
        [
          'headers',
          {
            ':status': 200,
            'content-type': 'application/grpc+proto',
            'grpc-accept-encoding': 'identity,deflate,gzip',
            'grpc-encoding': 'identity',
          },
        ],
        ['trailers', { 'grpc-status': '0', 'grpc-message': 'OK' }],
        ['end', expect.stringContaining('hex:0000000008')],
        ['close', 0],
      ],
    },
  }),
  ...CONTENT_TYPES.map((type) =>
    requesting(`a request of content type ${JSON.stringify(type)}`, { 'content-type': type }),
  ),
  requesting('a request of no content type', { 'content-type': undefined }),
  requesting('a request by GET', { ':method': 'GET' }),
  requesting('a request by PUT', { ':method': 'PUT' }),
  requesting('a request without te', { te: undefined }),
  requesting('a request for a path of no method', { ':path': '/nothing/here' }),
  requesting('a request for a path with a query', { ':path': '/conformance.Test/unary?x=1' }),
  requesting('a request for the root', { ':path': '/' }),
  requesting('a request with a host of its own', { ':authority': 'example.test' }),
  ...TIMEOUTS.map((timeout) =>
    requesting(`a request with the timeout ${JSON.stringify(timeout)}`, {
      'grpc-timeout': timeout,
    }),
  ),
  ...KINDS.map((kind) =>
    serverScenario(
      `a request whose timeout passes: ${kind}`,
      async (lab) => {
        const server = new Journal();
        const { session } = await rawClient(lab, {
          handlers: handleAll((call) => {
            watchHandler(call, server);
            call.on('cancelled', () => server.note('flag', call.cancelled));
          }),
        });
        const { journal, stream } = open(session, {
          ...requestHeaders(kind),
          'grpc-timeout': '50m',
        });
        stream.end(REQUEST);
        await journal.when('close');
        await server.when('flag');
        return { answer: journal.entries, server: server.only('cancelled', 'flag') };
      },
      {
        answer: [['headers', { 'grpc-status': '4', 'grpc-message': 'Deadline exceeded' }], {}, {}],
      },
    ),
  ),
  ...KINDS.flatMap((kind) => [
    requesting(`a request without a message: ${kind}`, {}, [], { kind }),
    requesting(`a request cut into single bytes: ${kind}`, {}, cutInto(1), { kind }),
    requesting(`a request cut into pieces of 4 bytes: ${kind}`, {}, cutInto(4), { kind }),
    requesting(`a request with two messages: ${kind}`, {}, [REQUEST, REQUEST], { kind }),
    requesting(
      `a request with two messages in one frame: ${kind}`,
      {},
      [Buffer.concat([REQUEST, REQUEST])],
      { kind },
    ),
    requesting(`a request that ends within its message: ${kind}`, {}, [REQUEST.subarray(0, -1)], {
      kind,
    }),
    requesting(`a request that ends within its prefix: ${kind}`, {}, [REQUEST.subarray(0, 4)], {
      kind,
    }),
    requesting(
      `a request with a message and a bit: ${kind}`,
      {},
      [REQUEST, REQUEST.subarray(0, 6)],
      { kind },
    ),
    requesting(
      `a request whose length is garbage: ${kind}`,
      {},
      [Buffer.from('00ffffffff', 'hex')],
      { kind },
    ),
    requesting(`a request whose message is no JSON: ${kind}`, {}, [framed(Buffer.from('{'))], {
      kind,
    }),
    requesting(
      `a compressed request without an encoding: ${kind}`,
      {},
      [framed(gzipSync('"request"'), 1)],
      { kind },
    ),
    requesting(
      `a request with a strange flag: ${kind}`,
      {},
      [framed(Buffer.from('"request"'), 7)],
      { kind },
    ),
    requesting(
      `a request of an unknown encoding: ${kind}`,
      { 'grpc-encoding': 'br' },
      [framed(Buffer.from('abc'), 1)],
      { kind },
    ),
    requesting(
      `an uncompressed request of an unknown encoding: ${kind}`,
      { 'grpc-encoding': 'br' },
      [REQUEST],
      { kind },
    ),
    requesting(
      `a request that is no gzip: ${kind}`,
      { 'grpc-encoding': 'gzip' },
      [framed(Buffer.from('abc'), 1)],
      { kind },
    ),
    requesting(
      `a request whose gzip is cut short: ${kind}`,
      { 'grpc-encoding': 'gzip' },
      [framed(gzipSync('"request"').subarray(0, -6), 1)],
      { kind },
    ),
    requesting(
      `a request in gzip: ${kind}`,
      { 'grpc-encoding': 'gzip' },
      [framed(gzipSync('"request"'), 1)],
      { kind },
    ),
  ]),
  ...KINDS.map((kind) =>
    serverScenario(
      `a request that swells beyond the limit: ${kind}`,
      async (lab) => {
        const { session } = await rawClient(lab, {
          server: { 'grpc.max_receive_message_length': 1_000 },
          handlers: handleAllAtEnd((_call, { reply }) => reply('answer')),
        });
        const bomb = framed(gzipSync(Buffer.alloc(100_000, '"')), 1);
        const headers = { ...requestHeaders(kind), 'grpc-encoding': 'gzip' };
        return { answer: await request(session, headers, [bomb]) };
      },
      { answer: [['headers', { 'grpc-status': '8' }], {}, {}] },
    ),
  ),
  requesting('binary metadata in one value and in several', {
    'x-one-bin': 'b25l,dHdv, dGhyZWU=',
    'x-several-bin': ['b25l', 'dHdv'],
    'grpc-trace-bin': 'AAEC,',
    'x-bad-bin': '***',
  }),
  requesting('metadata that repeats', { 'x-a': ['1', '2', '3'] }),
  requesting('metadata that is not ASCII', { 'x-latin': Buffer.from('né').toString('latin1') }),
  requesting('metadata that grpc-js would not let be set', {
    'x-*': 'star',
    'grpc-tags-bin': 'AA',
  }),
  ...KINDS.map((kind) =>
    serverScenario(
      `a request that its client resets: ${kind}`,
      async (lab) => {
        const server = new Journal();
        const { session } = await rawClient(lab, {
          handlers: handleAll((call) => {
            server.note('called');
            watchHandler(call, server);
            call.on('cancelled', () => server.note('flag', call.cancelled));
          }),
        });
        const { stream } = open(session, requestHeaders(kind));
        if (kind === 'unary' || kind === 'serverStream') stream.end(REQUEST);
        else stream.write(REQUEST);
        await server.when('called');
        stream.close(8);
        await server.when('flag');
        if (kind !== 'unary') await server.when('close');
        return { server: server.without('end') };
      },
      {
        server: expect.arrayContaining([
          ['cancelled', 'cancelled'],
          ['flag', true],
        ]),
      },
    ),
  ),
  ...KINDS.map((kind) =>
    serverScenario(
      `a request whose connection drops: ${kind}`,
      async (lab) => {
        const server = new Journal();
        const { session } = await rawClient(lab, {
          handlers: handleAll((call) => {
            server.note('called');
            watchHandler(call, server);
            call.on('cancelled', () => server.note('flag', call.cancelled));
          }),
        });
        const { stream } = open(session, requestHeaders(kind));
        if (kind === 'unary' || kind === 'serverStream') stream.end(REQUEST);
        else stream.write(REQUEST);
        await server.when('called');
        session.destroy();
        await server.when('flag');
        if (kind !== 'unary') await server.when('close');
        return { server: server.only('called', 'cancelled', 'flag', 'error') };
      },
      { server: ['called', ['cancelled', 'cancelled'], ['flag', true]] },
    ),
  ),
  serverScenario(
    'a server allows only as many streams as it is told',
    async (lab) => {
      const { session } = await rawClient(lab, { server: { 'grpc.max_concurrent_streams': 7 } });
      return { streams: session.remoteSettings.maxConcurrentStreams };
    },
    { streams: 7 },
  ),
];
