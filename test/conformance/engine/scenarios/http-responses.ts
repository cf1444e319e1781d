import { status } from '@grpc/grpc-js';
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { failed } from '../harness/expected.js';
import { outcomeOf } from '../harness/make-call.js';
import { framed, GRPC_HEADERS, rawServer } from '../harness/raw-server.js';
import { clientScenario, type Observation, type Scenario } from '../harness/scenario.js';
import { KINDS } from '../harness/test-service.js';

const ANSWER = framed(Buffer.from('"answer"'));

const HTTP_STATUS: Record<number, status> = {
  201: status.UNKNOWN,
  301: status.UNKNOWN,
  400: status.INTERNAL,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.UNIMPLEMENTED,
  429: status.UNAVAILABLE,
  500: status.UNKNOWN,
  502: status.UNAVAILABLE,
  503: status.UNAVAILABLE,
  504: status.UNAVAILABLE,
};

/** A server that answers every request by `act`: what is a unary caller told? */
function answering(
  name: string,
  act: (stream: ServerHttp2Stream) => void,
  expected: Observation = {},
): Scenario {
  return clientScenario(
    name,
    async (lab) => {
      const { stub, requests } = await rawServer(lab, act);
      const told = await outcomeOf(stub, 'unary', { options: { deadline: Date.now() + 3_000 } });
      return { told, requests: requests() };
    },
    expected,
  );
}

/** Headers, data in one piece or several, and trailers. */
function respond(
  headers: OutgoingHttpHeaders,
  data: readonly Buffer[],
  trailers: OutgoingHttpHeaders | undefined,
): (stream: ServerHttp2Stream) => void {
  return (stream) => {
    stream.respond({ ...GRPC_HEADERS, ...headers }, { waitForTrailers: trailers !== undefined });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers!));
    for (const piece of data) stream.write(piece);
    stream.end();
  };
}

const OK = { 'grpc-status': '0', 'grpc-message': 'OK' };

/** Trailers as other implementations, or broken ones, may send them. */
const TRAILERS: Record<string, OutgoingHttpHeaders> = {
  'without a message': { 'grpc-status': '0' },
  'with a status that is no number': { 'grpc-status': 'abc' },
  'with an empty status': { 'grpc-status': '' },
  'with a negative status': { 'grpc-status': '-1' },
  'with a status beyond those there are': { 'grpc-status': '42', 'grpc-message': 'strange' },
  'with a fractional status': { 'grpc-status': '1.5' },
  'with a hexadecimal status': { 'grpc-status': '0x5' },
  'with leading zeros': { 'grpc-status': '007', 'grpc-message': 'shaken' },
  'without a status': { 'grpc-message': 'no status' },
  'with a message that is badly encoded': { 'grpc-status': '10', 'grpc-message': '100%' },
  'with a message half encoded': { 'grpc-status': '10', 'grpc-message': 'a%20b%2' },
  'with a message of encoded bytes that are no text': {
    'grpc-status': '10',
    'grpc-message': '%ff%fe',
  },
  'with a message of raw Unicode': {
    'grpc-status': '10',
    'grpc-message': Buffer.from('né').toString('latin1'),
  },
  'with all characters encoded': { 'grpc-status': '10', 'grpc-message': '%23%3F%3B%2F%41' },
  'with binary metadata in one value': { 'grpc-status': '0', 'x-bin': 'b25l,dHdv, dGhyZWU' },
  'with binary metadata in several values': { 'grpc-status': '0', 'x-bin': ['b25l', 'dHdv'] },
  'with binary metadata that is not base64': { 'grpc-status': '0', 'x-bin': '***' },
  'with base64 without padding': { 'grpc-status': '0', 'x-bin': 'b25lIQ' },
  'with base64 for URLs': { 'grpc-status': '0', 'x-bin': '_-8' },
  'with an empty binary value': { 'grpc-status': '0', 'x-bin': '' },
};

/** Answers of servers, and of what stands between, that are not quite gRPC. */
export const httpResponses: readonly Scenario[] = [
  ...Object.entries(HTTP_STATUS).flatMap(([http, code]) => [
    answering(
      `HTTP status ${http} without anything`,
      (stream) => stream.respond({ ':status': Number(http) }, { endStream: true }),
      { told: failed(code, `Received HTTP status code ${http}`, 'unary') },
    ),
    answering(
      `HTTP status ${http} with a page`,
      (stream) => {
        stream.respond({ ':status': Number(http), 'content-type': 'text/html' });
        stream.end('<html>it did not work</html>');
      },
      { told: failed(code, `Received HTTP status code ${http}`, 'unary') },
    ),
    answering(
      `HTTP status ${http} with a gRPC status`,
      (stream) =>
        stream.respond(
          {
            ':status': Number(http),
            'content-type': 'application/grpc',
            'grpc-status': '9',
            'grpc-message': 'said so',
          },
          { endStream: true },
        ),
      { told: failed(status.FAILED_PRECONDITION, 'said so', 'unary') },
    ),
  ]),
  ...['text/html', 'application/grpc', 'application/grpc+json', 'application/grpc-web'].map(
    (type) =>
      answering(
        `an answer of content type ${type}`,
        respond({ 'content-type': type }, [ANSWER], OK),
        { told: [['metadata', { 'content-type': [type] }], ['callback', 'answer'], {}] },
      ),
  ),
  answering('an answer without trailers', respond({}, [ANSWER], undefined)),
  answering('a status but no message', respond({}, [], OK)),
  answering('headers alone that end the stream', (stream) =>
    stream.respond({ ...GRPC_HEADERS }, { endStream: true }),
  ),
  answering('OK in the headers, without a message', (stream) =>
    stream.respond({ ...GRPC_HEADERS, ...OK }, { endStream: true }),
  ),
  answering(
    'a status in the headers and another in the trailers',
    respond({ 'grpc-status': '5' }, [ANSWER], OK),
  ),
  ...Object.entries(TRAILERS).flatMap(([what, trailers]) => [
    answering(`trailers ${what}`, respond({}, [ANSWER], trailers)),
    answering(`trailers alone ${what}`, (stream) =>
      stream.respond({ ...GRPC_HEADERS, ...trailers }, { endStream: true }),
    ),
  ]),
  ...[1, 3, 7].map((size) =>
    answering(
      `an answer cut into pieces of ${size} bytes`,
      (stream) => {
        const pieces = [];
        for (let at = 0; at < ANSWER.length; at += size)
          pieces.push(ANSWER.subarray(at, at + size));
        respond({}, pieces, OK)(stream);
      },
      { told: [{}, ['callback', 'answer'], {}] },
    ),
  ),
  answering('a message that is cut short', respond({}, [ANSWER.subarray(0, -2)], OK)),
  answering('a prefix that is cut short', respond({}, [ANSWER.subarray(0, 3)], OK)),
  answering(
    'a message longer than is allowed',
    respond({}, [Buffer.from('0000ffffff', 'hex'), Buffer.alloc(100)], OK),
  ),
  answering('a length that is garbage', respond({}, [Buffer.from('00ffffffff', 'hex')], OK), {
    told: failed(
      status.RESOURCE_EXHAUSTED,
      'Received message larger than max (4294967295 vs 4194304)',
      'unary',
    ),
  }),
  answering('a page where a message should be', (stream) => {
    stream.respond({ ':status': 503, 'content-type': 'text/html' });
    stream.end('<html>'.repeat(100));
  }),
  answering(
    'a message and an error',
    respond({}, [ANSWER], { 'grpc-status': '10', 'grpc-message': 'no' }),
  ),
  answering(
    'a message without any bytes, where JSON should be',
    respond({}, [framed(Buffer.alloc(0))], OK),
  ),
  ...KINDS.map((kind) =>
    clientScenario(
      `an interim response before the answer: ${kind}`,
      async (lab) => {
        const { stub } = await rawServer(lab, (stream) => {
          stream.additionalHeaders({ ':status': 103, 'x-early': 'hint' });
          respond({}, [ANSWER], OK)(stream);
        });
        return { told: await outcomeOf(stub, kind) };
      },
      {},
    ),
  ),
  clientScenario(
    'what a request looks like',
    async (lab) => {
      let seen: Record<string, unknown> = {};
      const { stub } = await rawServer(lab, (stream, headers) => {
        seen = Object.fromEntries(Object.entries(headers));
        respond({}, [ANSWER], OK)(stream);
      });
      await outcomeOf(stub, 'unary', { options: { deadline: Date.now() + 9_999_500 } });
      const {
        'user-agent': agent,
        ':authority': authority,
        'grpc-timeout': timeout,
        ...headers
      } = seen;
      return {
        headers,
        timeout: String(timeout).replace(/^\d{7}/, '<7 digits>'),
        agent: String(agent).replace(/[\d.]+$/, '<version>'),
        authority: String(authority).replace(/\d+$/, '<port>'),
      };
    },
    { headers: { te: 'trailers', 'content-type': 'application/grpc' } },
  ),
];
