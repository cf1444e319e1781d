import { expect } from 'vitest';
import {
  compressionAlgorithms,
  status,
  type CallOptions,
  type ChannelOptions,
} from '@grpc/grpc-js';
import type { ServerHttp2Stream } from 'node:http2';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { answered, failed } from '../harness/expected.js';
import { outcomeOf } from '../harness/make-call.js';
import { plainBytes } from '../harness/plain.js';
import { framed, GRPC_HEADERS, rawServer } from '../harness/raw-server.js';
import { clientScenario, scenario, type Scenario } from '../harness/scenario.js';
import { bytes, KINDS, type Handlers } from '../harness/test-service.js';
import { callClientStream, callServerStream } from '../harness/watch.js';

const TEXT = Buffer.from('a text that is easy to compress '.repeat(1_000));

const ALGORITHMS = {
  identity: { option: compressionAlgorithms.identity, decompress: (data: Buffer) => data },
  deflate: { option: compressionAlgorithms.deflate, decompress: inflateSync },
  gzip: { option: compressionAlgorithms.gzip, decompress: gunzipSync },
} as const;

const echo: Partial<Handlers> = {
  unary: (call, callback) => callback(null, call.request),
  clientStream: (call, callback) => {
    let last: Buffer;
    call.on('data', (message) => (last = message));
    call.on('end', () => callback(null, last));
  },
  serverStream: (call) => {
    call.write(call.request);
    call.end();
  },
  bidi: (call) => {
    call.on('data', (message) => call.write(message));
    call.on('end', () => call.end());
  },
};

const soon = (): CallOptions => ({ deadline: Date.now() + 3_000 });

const using = (option: number): ChannelOptions => ({
  'grpc.default_compression_algorithm': option as never,
});

/** Answers every request with these messages, said to be of this encoding. */
function answeringWith(
  encoding: string | undefined,
  messages: readonly Buffer[],
): (stream: ServerHttp2Stream) => void {
  return (stream) => {
    stream.respond(
      { ...GRPC_HEADERS, ...(encoding !== undefined && { 'grpc-encoding': encoding }) },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    for (const message of messages) stream.write(message);
    stream.end();
  };
}

const ANSWERS: Record<string, [encoding: string | undefined, message: Buffer, answer?: string]> = {
  'in gzip': ['gzip', framed(gzipSync(TEXT), 1), plainBytes(TEXT)],
  'in deflate': ['deflate', framed(deflateSync(TEXT), 1), plainBytes(TEXT)],
  'not compressed, though gzip is spoken': ['gzip', framed(TEXT), plainBytes(TEXT)],
  'not compressed, though br is spoken': ['br', framed(TEXT), plainBytes(TEXT)],
  'compressed, said to be identity': ['identity', framed(gzipSync(TEXT), 1)],
  'compressed, of no said encoding': [undefined, framed(gzipSync(TEXT), 1)],
  'in an unknown encoding': ['br', framed(TEXT, 1)],
  'that is no gzip': ['gzip', framed(Buffer.from('no gzip'), 1)],
  'that is no deflate': ['deflate', framed(Buffer.from('no deflate'), 1)],
  'whose gzip is cut short': ['gzip', framed(gzipSync(TEXT).subarray(0, -8), 1)],
  'whose gzip has something behind it': [
    'gzip',
    framed(Buffer.concat([gzipSync(TEXT), Buffer.from('x')]), 1),
  ],
  'of two gzip members': ['gzip', framed(Buffer.concat([gzipSync(TEXT), gzipSync(TEXT)]), 1)],
  'that is compressed to nothing': ['gzip', framed(gzipSync(Buffer.alloc(0)), 1)],
  'that is compressed but empty': ['gzip', framed(Buffer.alloc(0), 1)],
  'with a strange flag': ['gzip', framed(TEXT, 3)],
};

/** Messages that are compressed on their way. */
export const compression: readonly Scenario[] = [
  ...Object.entries(ALGORITHMS).flatMap(([name, { option }]) =>
    KINDS.map((kind) =>
      scenario(
        `requests compressed by ${name}: ${kind}`,
        async (lab) => {
          const { stub } = await lab.open({ client: using(option), handlers: echo, codec: bytes });
          const first = await outcomeOf(stub, kind, { requests: [TEXT] });
          return { first, second: await outcomeOf(stub, kind, { requests: [TEXT] }) };
        },
        { first: answered(plainBytes(TEXT), kind), second: answered(plainBytes(TEXT), kind) },
      ),
    ),
  ),
  ...Object.entries(ALGORITHMS).map(([name, { option, decompress }]) =>
    clientScenario(
      `what a request compressed by ${name} looks like`,
      async (lab) => {
        const seen: unknown[] = [];
        const { stub } = await rawServer(
          lab,
          (stream, headers) => {
            const received: Buffer[] = [];
            stream.on('data', (piece: Buffer) => received.push(piece));
            stream.on('end', () => {
              const message = Buffer.concat(received);
              seen.push({
                encoding: headers['grpc-encoding'],
                accepted: headers['grpc-accept-encoding'],
                flag: message.readUInt8(0),
                length: message.readUInt32BE(1) === message.length - 5,
                content: plainBytes(decompress(message.subarray(5))),
              });
              answeringWith(undefined, [framed(TEXT)])(stream);
            });
          },
          { client: using(option), codec: bytes },
        );
        await outcomeOf(stub, 'unary', { requests: [TEXT] });
        return { seen };
      },
      { seen: [{ flag: name === 'identity' ? 0 : 1, content: plainBytes(TEXT) }] },
    ),
  ),
  clientScenario(
    'requests are not compressed once the server has said that it cannot',
    async (lab) => {
      const encodings: unknown[] = [];
      const { stub } = await rawServer(
        lab,
        (stream, headers) => {
          encodings.push(headers['grpc-encoding']);
          stream.respond(
            { ...GRPC_HEADERS, 'grpc-accept-encoding': 'identity' },
            { waitForTrailers: true },
          );
          stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
          stream.end(framed(TEXT));
        },
        { client: using(compressionAlgorithms.gzip), codec: bytes },
      );
      for (let call = 0; call < 3; call += 1) await outcomeOf(stub, 'unary', { requests: [TEXT] });
      return { encodings };
    },
    { encodings: ['gzip', undefined, undefined] },
  ),
  clientScenario(
    'a stream stops compressing when the server says that it cannot',
    async (lab) => {
      const flags: number[] = [];
      const { stub } = await rawServer(
        lab,
        (stream) => {
          stream.respond(
            { ...GRPC_HEADERS, 'grpc-accept-encoding': 'identity' },
            { waitForTrailers: true },
          );
          stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
          stream.on('data', (piece: Buffer) => flags.push(piece.readUInt8(0)));
          stream.on('end', () => stream.end(framed(TEXT)));
        },
        { client: using(compressionAlgorithms.gzip), codec: bytes },
      );
      const { call, journal } = callClientStream(stub);
      call.write(Buffer.from('first'));
      await journal.when('metadata');
      call.write(Buffer.from('second'));
      call.end();
      await journal.when('status');
      return { flags };
    },
    { flags: [1, 0] },
  ),
  ...Object.entries(ANSWERS).map(([what, [encoding, message, callback]]) =>
    clientScenario(
      `an answer ${what}`,
      async (lab) => {
        const { stub } = await rawServer(lab, answeringWith(encoding, [message]), { codec: bytes });
        return { told: await outcomeOf(stub, 'unary', { requests: [TEXT], options: soon() }) };
      },
      callback === undefined ? {} : { told: [{}, ['callback', callback], {}] },
    ),
  ),
  clientScenario(
    'a stream of compressed and plain messages',
    async (lab) => {
      const messages = [
        framed(gzipSync('one'), 1),
        framed(Buffer.from('two')),
        framed(gzipSync('three'), 1),
      ];
      const { stub } = await rawServer(lab, answeringWith('gzip', messages), { codec: bytes });
      const { journal } = callServerStream(stub, Buffer.from('request'));
      await journal.whenAll('status', 'close');
      return { client: journal.entries };
    },
    { client: expect.arrayContaining([['data', 'hex:7468726565']]) },
  ),
  ...(['gzip', 'deflate'] as const).map((encoding) =>
    clientScenario(
      `an answer that swells beyond the limit: ${encoding}`,
      async (lab) => {
        const pack = encoding === 'gzip' ? gzipSync : deflateSync;
        const bomb = framed(pack(Buffer.alloc(1_000_000)), 1);
        const { stub } = await rawServer(lab, answeringWith(encoding, [bomb]), {
          codec: bytes,
          client: { 'grpc.max_receive_message_length': 10_000 },
        });
        return { told: await outcomeOf(stub, 'unary', { requests: [TEXT] }) };
      },
      {
        told: failed(
          status.RESOURCE_EXHAUSTED,
          'Received message that decompresses to a size larger than 10000',
          'unary',
        ),
      },
    ),
  ),
  scenario(
    'a compressed request that is small on the wire and large behind it is refused',
    async (lab) => {
      const { stub } = await lab.open({
        client: using(compressionAlgorithms.gzip),
        server: { 'grpc.max_receive_message_length': 10_000 },
        handlers: echo,
        codec: bytes,
      });
      return { told: await outcomeOf(stub, 'unary', { requests: [TEXT] }) };
    },
    {
      told: failed(
        status.RESOURCE_EXHAUSTED,
        'Received message that decompresses to a size larger than 10000',
        'unary',
      ),
    },
  ),
  scenario(
    'an unknown compression algorithm is not used',
    async (lab) => {
      const { stub } = await lab.open({ client: using(99), handlers: echo, codec: bytes });
      return { told: await outcomeOf(stub, 'unary', { requests: [TEXT] }) };
    },
    { told: answered(plainBytes(TEXT), 'unary') },
  ),
];
