import { once } from 'node:events';
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { ServerOptions } from '@grpc/grpc-js';
import type { StreamServer } from '../../../../lib/core.js';
import { Journal, type Entry } from './journal.js';
import type { Lab } from './lab.js';
import { Listening } from './listening.js';
import { plainBytes } from './plain.js';
import { json, pathOf, testService, type Codec, type Handlers } from './test-service.js';

export interface RawSetup {
  handlers?: Partial<Handlers>;
  codec?: Codec;
  server?: ServerOptions;
}

export interface RawClient {
  readonly session: ClientHttp2Session;
  readonly engineServer: StreamServer;
}

/** Headers of a proper request. */
export function requestHeaders(kind: keyof Handlers = 'unary'): OutgoingHttpHeaders {
  return {
    ':method': 'POST',
    ':path': pathOf(kind),
    te: 'trailers',
    'content-type': 'application/grpc+proto',
  };
}

/** A server of the engine with the test service, and a node:http2 client that knows no gRPC. */
export async function rawClient(lab: Lab, setup: RawSetup = {}): Promise<RawClient> {
  const server = lab.pair.server.createServer(setup.server);
  server.addService(testService(setup.codec ?? json), { ...setup.handlers });
  const listening = await new Listening((socket) => server.serve(socket)).listen();
  lab.after(() => listening.close());
  lab.after(() => server.forceShutdown());
  const session = connect(`http://${listening.address}`);
  session.on('error', () => {});
  lab.after(() => session.destroy());
  await once(session, 'remoteSettings');
  return { session, engineServer: server };
}

/** Makes a request, writes `pieces`, ends it unless told not to; resolves when it is closed. */
export async function request(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  pieces: readonly Buffer[] = [],
  { end = true } = {},
): Promise<Entry[]> {
  const { journal, stream } = open(session, headers);
  for (const piece of pieces) {
    stream.write(piece);
    // So that each piece is a frame of its own.
    await new Promise(setImmediate);
  }
  if (end) stream.end();
  await journal.when('close');
  return journal.entries;
}

/** Starts a request and writes down what comes back. */
export function open(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
): { stream: ClientHttp2Stream; journal: Journal } {
  const journal = new Journal();
  const stream = session.request(headers, { endStream: false });
  const received: Buffer[] = [];
  stream.on('response', (response) => journal.note('headers', comparable(response)));
  stream.on('trailers', (trailers) => journal.note('trailers', comparable(trailers)));
  stream.on('data', (piece: Buffer) => received.push(piece));
  stream.on('end', () => journal.note('end', plainBytes(Buffer.concat(received))));
  stream.on('error', () => {});
  stream.on('close', () => journal.note('close', stream.rstCode));
  return { stream, journal };
}

/** Without the date; and with the text itself, as spaces may be percent-encoded or not. */
function comparable(headers: IncomingHttpHeaders): object {
  const entries = Object.entries(headers).filter(([name]) => name !== 'date');
  return Object.fromEntries(
    entries.map(([name, value]) =>
      name === 'grpc-message' ? [name, decodeURIComponent(String(value))] : [name, value],
    ),
  );
}
