import { answered } from '../harness/expected.js';
import { plainBytes } from '../harness/plain.js';
import { outcomeOf } from '../harness/make-call.js';
import { scenario, type Scenario } from '../harness/scenario.js';
import { bytes, json, KINDS, type Codec, type Handlers } from '../harness/test-service.js';
import { callBidi, callServerStream, callUnary } from '../harness/watch.js';

const BIG = Buffer.alloc(3 * 1024 * 1024, 'abcdefghijklm');
const EMPTY = Buffer.alloc(0);
const MANY = 1_000;

/** Answers with what was sent last, whatever the kind. */
const echo: Handlers = {
  unary: (call, callback) => callback(null, call.request),
  clientStream: (call, callback) => {
    let last: unknown;
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

const failing = new Error('this one cannot be coded');
const cannotSerialize: Codec = {
  ...json,
  serialize: () => {
    throw failing;
  },
};
const cannotDeserialize: Codec = {
  ...json,
  deserialize: () => {
    throw failing;
  },
};

/** What calls carry: sizes, many of them, and what cannot be coded. */
export const messages: readonly Scenario[] = [
  ...KINDS.map((kind) =>
    scenario(
      `messages of 3 MiB pass whole: ${kind}`,
      async (lab) => {
        const { stub } = await lab.open({ handlers: echo, codec: bytes });
        return { told: await outcomeOf(stub, kind, { requests: [BIG] }) };
      },
      {
        told: answered(plainBytes(BIG), kind),
      },
    ),
  ),
  ...KINDS.map((kind) =>
    scenario(
      `a message without any bytes is a message: ${kind}`,
      async (lab) => {
        const { stub } = await lab.open({ handlers: echo, codec: bytes });
        return { told: await outcomeOf(stub, kind, { requests: [EMPTY] }) };
      },
      { told: answered('hex:', kind) },
    ),
  ),
  ...KINDS.map((kind) =>
    scenario(
      `a request that cannot be serialized fails the call: ${kind}`,
      async (lab) => {
        const { stub } = await lab.open({ handlers: echo, clientCodec: cannotSerialize });
        return { told: await outcomeOf(stub, kind) };
      },
      {},
    ),
  ),
  ...KINDS.map((kind) =>
    scenario(
      `a request that cannot be deserialized fails the call: ${kind}`,
      async (lab) => {
        const { stub } = await lab.open({ handlers: echo, serverCodec: cannotDeserialize });
        return { told: await outcomeOf(stub, kind) };
      },
      {},
    ),
  ),
  ...KINDS.map((kind) =>
    scenario(
      `an answer that cannot be serialized fails the call: ${kind}`,
      async (lab) => {
        const { stub } = await lab.open({ handlers: echo, serverCodec: cannotSerialize });
        return { told: await outcomeOf(stub, kind) };
      },
      {},
    ),
  ),
  ...KINDS.map((kind) =>
    scenario(
      `an answer that cannot be deserialized fails the call: ${kind}`,
      async (lab) => {
        const { stub } = await lab.open({ handlers: echo, clientCodec: cannotDeserialize });
        return { told: await outcomeOf(stub, kind) };
      },
      {},
    ),
  ),
  ...([undefined, null, 0, '', false, 'text', 42] as const).map((request) =>
    scenario(
      `a request that is no object: ${JSON.stringify(request)}`,
      async (lab) => {
        const { stub } = await lab.open({ handlers: echo });
        const unary = await outcomeOf(stub, 'unary', { requests: [request] });
        return {
          unary,
          serverStream: await outcomeOf(stub, 'serverStream', { requests: [request] }),
        };
      },
      {},
    ),
  ),
  ...([undefined, null, 0, '', false] as const).map((value) =>
    scenario(
      `an answer that is no object: ${JSON.stringify(value)}`,
      async (lab) => {
        const { stub } = await lab.open({
          handlers: { unary: (_call, callback) => callback(null, value) },
        });
        return { unary: await outcomeOf(stub, 'unary') };
      },
      {},
    ),
  ),
  scenario(
    'thousands of messages come in order, both ways at once',
    async (lab) => {
      const { stub } = await lab.open({ handlers: echo });
      const received: number[] = [];
      const { call, journal } = callBidi(stub, { reading: false });
      call.on('data', (message: number[]) => received.push(message[0]!));
      for (let index = 0; index < MANY; index += 1) call.write([index]);
      call.end();
      await journal.whenAll('status', 'close');
      return {
        count: received.length,
        inOrder: received.every((value, index) => value === index),
        told: journal.without('finish'),
      };
    },
    { count: MANY, inOrder: true },
  ),
  scenario(
    'messages of all sizes around the edges of frames and windows pass',
    async (lab) => {
      const { stub } = await lab.open({ handlers: echo, codec: bytes });
      const sizes = [1, 16_378, 16_379, 16_380, 16_384, 65_529, 65_530, 65_531, 65_535, 131_072];
      const { call, journal } = callBidi(stub);
      for (const size of sizes) call.write(Buffer.alloc(size, 'xyz'));
      call.end();
      await journal.whenAll('status', 'close');
      return { told: journal.without('finish') };
    },
    {},
  ),
  scenario(
    'a stream can be read with for await',
    async (lab) => {
      const { stub } = await lab.open({
        handlers: {
          serverStream: (call) => {
            for (const message of ['a', 'b', 'c']) call.write(message);
            call.end();
          },
        },
      });
      const { call, journal } = callServerStream(stub, 'request', { reading: false });
      const received: string[] = [];
      for await (const message of call) received.push(message);
      return { received, client: journal.without('close') };
    },
    { received: ['a', 'b', 'c'] },
  ),
  scenario(
    'a request is read from the message as it was when the call was made',
    async (lab) => {
      const { stub } = await lab.open({ handlers: echo });
      const request = { value: 'before' };
      const { journal } = callUnary(stub, request);
      request.value = 'after';
      await journal.when('status');
      return { answer: journal.only('callback') };
    },
    { answer: [['callback', { value: 'before' }]] },
  ),
];
