import { status, type ChannelOptions } from '@grpc/grpc-js';
import { failed } from '../harness/expected.js';
import { handleAllAtEnd } from '../harness/handle-all.js';
import { outcomeOf } from '../harness/make-call.js';
import { scenario, type Scenario } from '../harness/scenario.js';
import { bytes, KINDS, type Kind } from '../harness/test-service.js';

const LIMIT = 1_000;
const FITS = Buffer.alloc(LIMIT, 'f');
const EXCEEDS = Buffer.alloc(LIMIT + 1, 'e');
const SMALL = Buffer.from('small');
const DEFAULT_LIMIT = 4 * 1024 * 1024;

const RECEIVE: ChannelOptions = { 'grpc.max_receive_message_length': LIMIT };
const SEND: ChannelOptions = { 'grpc.max_send_message_length': LIMIT };

interface Limited {
  client?: ChannelOptions;
  server?: ChannelOptions;
  request?: Buffer;
  answer?: Buffer;
}

const EXCEEDED: Record<string, [Limited, string]> = {
  'a request larger than the client sends': [
    { client: SEND, request: EXCEEDS },
    'Attempted to send message with a size larger than 1000',
  ],
  'a request larger than the server receives': [
    { server: RECEIVE, request: EXCEEDS },
    'Received message larger than max (1001 vs 1000)',
  ],
  'an answer larger than the server sends': [
    { server: SEND, answer: EXCEEDS },
    'Sent message larger than max (1006 vs. 1000)',
  ],
  'an answer larger than the client receives': [
    { client: RECEIVE, answer: EXCEEDS },
    'Received message larger than max (1001 vs 1000)',
  ],
};

const WITHIN: Record<string, Limited> = {
  'as large as the limits allow': {
    client: { ...SEND, ...RECEIVE },
    server: { ...SEND, ...RECEIVE },
    request: FITS,
    answer: FITS,
  },
  'as large as is received by default': {
    request: Buffer.alloc(DEFAULT_LIMIT),
    answer: Buffer.alloc(DEFAULT_LIMIT),
  },
  'without any limit': {
    client: { 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1 },
    server: { 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1 },
    request: Buffer.alloc(DEFAULT_LIMIT + 1),
    answer: Buffer.alloc(DEFAULT_LIMIT + 1),
  },
};

function limited(
  name: string,
  kind: Kind,
  { client, server, request = SMALL, answer = SMALL }: Limited,
  expected: Record<string, unknown>,
): Scenario {
  return scenario(
    `${name}: ${kind}`,
    async (lab) => {
      const bench = await lab.open({
        client,
        server,
        codec: bytes,
        handlers: handleAllAtEnd((_call, { reply }) => reply(answer)),
      });
      const told = await outcomeOf(bench.stub, kind, { requests: [request] });
      await bench.settled();
      return { told, again: await outcomeOf(bench.stub, kind, { requests: [SMALL] }) };
    },
    expected,
  );
}

/** How large messages may be, on all four ways that they take. */
export const limits: readonly Scenario[] = KINDS.flatMap((kind) => limitsOf(kind));

function limitsOf(kind: Kind): Scenario[] {
  return [
    ...Object.entries(EXCEEDED).map(([name, [input, details]]) =>
      limited(name, kind, input, { told: failed(status.RESOURCE_EXHAUSTED, details, kind) }),
    ),
    ...Object.entries(WITHIN).map(([name, input]) => limited(`messages ${name}`, kind, input, {})),
    limited(
      'a request larger than is received by default',
      kind,
      {
        request: Buffer.alloc(DEFAULT_LIMIT + 1),
      },
      {
        told: failed(
          status.RESOURCE_EXHAUSTED,
          'Received message larger than max (4194305 vs 4194304)',
          kind,
        ),
      },
    ),
    limited(
      'an answer larger than is received by default',
      kind,
      {
        answer: Buffer.alloc(DEFAULT_LIMIT + 1),
      },
      {
        told: failed(
          status.RESOURCE_EXHAUSTED,
          'Received message larger than max (4194305 vs 4194304)',
          kind,
        ),
      },
    ),
  ];
}
