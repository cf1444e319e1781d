import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { FLAG, frame, TYPE } from '../../../fixtures/http2/raw-client.js';
import { failed } from '../harness/expected.js';
import { outcomeOf } from '../harness/make-call.js';
import { frameServer, type FrameStream } from '../harness/frame-server.js';
import { framed, GRPC_HEADERS, rawServer } from '../harness/raw-server.js';
import { clientScenario, type Observation, type Scenario } from '../harness/scenario.js';
import { callBidi, callServerStream, callUnary } from '../harness/watch.js';

const ANSWER = framed(Buffer.from('"answer"'));
const HEADERS = { ':status': '200', 'content-type': 'application/grpc+proto' };
const OK = { 'grpc-status': '0', 'grpc-message': 'OK' };

/** RST_STREAM codes, and what callers are told of them. */
const CODES: readonly (readonly [name: string, code: number, told: status])[] = [
  ['NO_ERROR', constants.NGHTTP2_NO_ERROR, status.INTERNAL],
  ['PROTOCOL_ERROR', constants.NGHTTP2_PROTOCOL_ERROR, status.INTERNAL],
  ['INTERNAL_ERROR', constants.NGHTTP2_INTERNAL_ERROR, status.INTERNAL],
  ['FLOW_CONTROL_ERROR', constants.NGHTTP2_FLOW_CONTROL_ERROR, status.INTERNAL],
  ['SETTINGS_TIMEOUT', constants.NGHTTP2_SETTINGS_TIMEOUT, status.INTERNAL],
  ['STREAM_CLOSED', constants.NGHTTP2_STREAM_CLOSED, status.INTERNAL],
  ['FRAME_SIZE_ERROR', constants.NGHTTP2_FRAME_SIZE_ERROR, status.INTERNAL],
  ['REFUSED_STREAM', constants.NGHTTP2_REFUSED_STREAM, status.UNAVAILABLE],
  ['CANCEL', constants.NGHTTP2_CANCEL, status.CANCELLED],
  ['COMPRESSION_ERROR', constants.NGHTTP2_COMPRESSION_ERROR, status.INTERNAL],
  ['CONNECT_ERROR', constants.NGHTTP2_CONNECT_ERROR, status.INTERNAL],
  ['ENHANCE_YOUR_CALM', constants.NGHTTP2_ENHANCE_YOUR_CALM, status.RESOURCE_EXHAUSTED],
  ['INADEQUATE_SECURITY', constants.NGHTTP2_INADEQUATE_SECURITY, status.PERMISSION_DENIED],
  ['HTTP_1_1_REQUIRED', constants.NGHTTP2_HTTP_1_1_REQUIRED, status.INTERNAL],
];

/** A server that does `act` to each request: what is a unary caller told, and what does it reset? */
function answering(
  name: string,
  act: (stream: FrameStream) => void,
  expected: Observation = {},
  deadlineMs = 3_000,
): Scenario {
  return clientScenario(
    name,
    async (lab) => {
      const { stub, requests } = await frameServer(lab, act);
      const told = await outcomeOf(stub, 'unary', {
        options: { deadline: Date.now() + deadlineMs },
      });
      return { told, requests: requests() };
    },
    expected,
  );
}

/** As `answering`, where grpc-js waits until the deadline. */
function hanging(name: string, act: (stream: FrameStream) => void): Scenario {
  return answering(name, act, {}, 400);
}

const resets = CODES.flatMap(([name, code, told]) => [
  answering(`a stream reset with ${name} before headers`, (stream) => stream.reset(code), {
    told: failed(told, expect.any(String), 'unary'),
    requests: name === 'REFUSED_STREAM' ? 2 : 1,
  }),
  clientScenario(
    `a stream reset with ${name} after headers`,
    async (lab) => {
      let current!: FrameStream;
      const { stub, requests } = await frameServer(lab, (stream) => {
        current = stream.headers(HEADERS);
      });
      const { journal } = callServerStream(stub, 'request');
      await journal.when('metadata');
      current.reset(code);
      await journal.whenAll('status', 'end');
      return { told: journal.without('close'), requests: requests() };
    },
    { told: failed(told, expect.any(String), 'serverStream'), requests: 1 },
  ),
  clientScenario(
    `a stream reset with ${name} after a message`,
    async (lab) => {
      let current!: FrameStream;
      const { stub, requests } = await frameServer(lab, (stream) => {
        current = stream.headers(HEADERS).data(ANSWER);
      });
      const { journal } = callServerStream(stub, 'request');
      await journal.when('data');
      current.reset(code);
      await journal.whenAll('status', 'end');
      return { told: journal.without('close'), requests: requests() };
    },
    { told: failed(told, expect.any(String), 'serverStream'), requests: 1 },
  ),
  clientScenario(
    `a stream reset with ${name} after its trailers`,
    async (lab) => {
      const { stub, requests } = await frameServer(lab, (stream) =>
        stream.headers(HEADERS).data(ANSWER).headers(OK, { end: true }).reset(code),
      );
      const { call, journal } = callBidi(stub);
      await journal.whenAll('status', 'end');
      call.end();
      await journal.when('close');
      return { told: journal.without('finish'), requests: requests() };
    },
    { requests: 1 },
  ),
]);

/** What servers do to streams and connections in the middle of a call. */
export const brokenStreams: readonly Scenario[] = [
  ...resets,
  clientScenario(
    'a call that the server refuses once is made again',
    async (lab) => {
      let count = 0;
      const { stub, requests } = await frameServer(lab, (stream) => {
        count += 1;
        if (count === 1) stream.reset(constants.NGHTTP2_REFUSED_STREAM);
        else stream.headers(HEADERS).data(ANSWER).headers(OK, { end: true });
      });
      return { told: await outcomeOf(stub, 'unary'), requests: requests() };
    },
    {
      told: [
        ['metadata', {}],
        ['callback', 'answer'],
        ['status', { code: 0 }],
      ],
      requests: 2,
    },
  ),
  clientScenario(
    'a call of several messages that the server refuses once is made again with all of them',
    async (lab) => {
      let count = 0;
      const { stub, requests } = await frameServer(lab, (stream) => {
        count += 1;
        if (count === 1) stream.reset(constants.NGHTTP2_REFUSED_STREAM);
        else stream.headers(HEADERS).data(ANSWER).headers(OK, { end: true });
      });
      const told = await outcomeOf(stub, 'clientStream', { requests: ['a', 'b', 'c'] });
      return { told, requests: requests() };
    },
    {
      told: [
        ['metadata', {}],
        ['callback', 'answer'],
        ['status', { code: 0 }],
      ],
      requests: 2,
    },
  ),
  answering('trailers without END_STREAM', (stream) =>
    stream.headers(HEADERS).data(ANSWER).headers(OK),
  ),
  answering('data after the trailers', (stream) =>
    stream.headers(HEADERS).data(ANSWER).headers(OK, { end: true }).data(ANSWER),
  ),
  hanging('data before the headers', (stream) => stream.data(ANSWER)),
  answering('a header name in upper case', (stream) =>
    stream
      .headers({ ...HEADERS, 'X-Upper': 'no' })
      .data(ANSWER)
      .headers(OK, { end: true }),
  ),
  answering('headers without :status', (stream) =>
    stream.headers({ 'content-type': 'application/grpc' }).data(ANSWER).headers(OK, { end: true }),
  ),
  answering('a content-length that is wrong', (stream) =>
    stream
      .headers({ ...HEADERS, 'content-length': '3' })
      .data(ANSWER)
      .headers(OK, { end: true }),
  ),
  answering('a pseudo-header in the trailers', (stream) =>
    stream
      .headers(HEADERS)
      .data(ANSWER)
      .headers({ ':status': '200', ...OK }, { end: true }),
  ),
  answering('a connection header', (stream) =>
    stream
      .headers({ ...HEADERS, connection: 'close' })
      .data(ANSWER)
      .headers(OK, { end: true }),
  ),
  answering('a frame of an unknown type', (stream) =>
    stream
      .raw(frame(0xbe, 0xff, stream.id, Buffer.from('whatever')))
      .headers(HEADERS)
      .data(ANSWER)
      .headers(OK, { end: true }),
  ),
  hanging('a frame that is too long', (stream) =>
    stream.headers(HEADERS).data(Buffer.alloc(200_000)),
  ),
  hanging('garbage in the place of frames', (stream) =>
    stream.raw(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(20))),
  ),
  hanging('header bytes that cannot be decoded', (stream) =>
    stream.raw(frame(TYPE.headers, FLAG.endHeaders, stream.id, Buffer.from('ffffffffffff', 'hex'))),
  ),
  ...(['answered', 'unanswered'] as const).map((what) =>
    clientScenario(
      `a GOAWAY that lets calls finish: ${what}`,
      async (lab) => {
        const streams: ServerHttp2Stream[] = [];
        const { stub, requests } = await rawServer(lab, (stream) => {
          streams.push(stream);
          stream.respond(GRPC_HEADERS, { waitForTrailers: true });
          stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
          if (streams.length > 1) return void stream.end(ANSWER);
          stream.session!.goaway(constants.NGHTTP2_NO_ERROR, stream.id!);
          return what === 'answered' ? void stream.end(ANSWER) : void stream.write(ANSWER);
        });
        const first = callServerStream(stub, 'first');
        await first.journal.when('data');
        const { journal: second } = callUnary(stub, 'second', {
          options: { deadline: Date.now() + 1_000 },
        });
        await second.when('status');
        if (what === 'unanswered') streams[0]!.end();
        await first.journal.whenAll('status', 'end');
        return {
          first: first.journal.without('close'),
          second: second.only('callback'),
          requests: requests(),
        };
      },
      { second: [['callback', 'answer']], requests: 2 },
    ),
  ),
  clientScenario(
    'a GOAWAY that leaves the call out has it made again',
    async (lab) => {
      let count = 0;
      const { stub, requests } = await rawServer(lab, (stream) => {
        count += 1;
        if (count === 1) {
          stream.session!.goaway(constants.NGHTTP2_NO_ERROR, 0);
          stream.session!.destroy();
          return;
        }
        stream.respond(GRPC_HEADERS, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(ANSWER);
      });
      const told = await outcomeOf(stub, 'unary', { options: { deadline: Date.now() + 1_500 } });
      const [code] = told.flatMap((entry) => (entry[0] === 'callback' ? [entry[1]] : []));
      return { code: typeof code === 'object' ? 'failed' : code, atMostTwo: requests() <= 2 };
    },
    {},
  ),
  ...(['before headers', 'after headers', 'after a message'] as const).map((when) =>
    clientScenario(
      `a connection that drops ${when}`,
      async (lab) => {
        let drop!: () => void;
        const { stub } = await rawServer(lab, (stream) => {
          drop = () => stream.session!.destroy();
          if (when === 'before headers') return setImmediate(drop);
          stream.respond(GRPC_HEADERS);
          if (when === 'after a message') stream.write(ANSWER);
          return undefined;
        });
        const { journal } = callServerStream(stub, 'request', {
          options: { deadline: Date.now() + 2_000 },
        });
        if (when === 'after headers') await journal.when('metadata');
        if (when === 'after a message') await journal.when('data');
        if (when !== 'before headers') drop();
        await journal.whenAll('status', 'end');
        return { told: journal.without('close') };
      },
      {},
    ),
  ),
  ...(['before headers', 'after headers', 'after a message'] as const).map((when) =>
    clientScenario(
      `a connection that is cut hard ${when}`,
      async (lab) => {
        let drop!: () => void;
        const { stub } = await rawServer(lab, (stream) => {
          const { socket } = stream.session!;
          drop = () => hardly(socket);
          if (when === 'before headers') return setImmediate(drop);
          stream.respond(GRPC_HEADERS);
          if (when === 'after a message') stream.write(ANSWER);
          return undefined;
        });
        const { journal } = callServerStream(stub, 'request', {
          options: { deadline: Date.now() + 2_000 },
        });
        if (when === 'after headers') await journal.when('metadata');
        if (when === 'after a message') await journal.when('data');
        if (when !== 'before headers') drop();
        await journal.whenAll('status', 'end');
        // The text tells what was noticed first: the end of the socket, or an error of it.
        const [outcome] = journal.only('status') as [string, { code: number }][];
        return { told: journal.only('metadata', 'data', 'end'), code: outcome![1].code };
      },
      { code: status.UNAVAILABLE },
    ),
  ),
];

function hardly(socket: unknown): void {
  (socket as { resetAndDestroy?(): void }).resetAndDestroy?.();
}
