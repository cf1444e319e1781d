import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { credentials, type ChannelOptions } from '@grpc/grpc-js';
import type { Lab } from './lab.js';
import { stubOf } from './stub-of.js';
import type { Codec, TestStub } from './test-service.js';

/** Answers a request in whatever way. */
export type RawHandler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

export interface RawServer {
  readonly stub: TestStub;
  /** How many requests it got. */
  requests(): number;
  /** The connections that are open. */
  readonly sessions: ReadonlySet<ServerHttp2Session>;
}

/** A gRPC message with its prefix. */
export function framed(message: Buffer, compressed = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(compressed, 0);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

export const GRPC_HEADERS = { ':status': 200, 'content-type': 'application/grpc+proto' } as const;

/** A node:http2 server that knows nothing of gRPC, and a stub whose channel dials it. */
export async function rawServer(
  lab: Lab,
  handler: RawHandler,
  { client = {}, codec }: { client?: ChannelOptions; codec?: Codec } = {},
): Promise<RawServer> {
  let requests = 0;
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    requests += 1;
    stream.on('error', () => {});
    handler(stream, headers);
  });
  lab.after(() => closeServer(server, sessions));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const channel = lab.pair.client.createDialChannel(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
    async (socket) => socket,
    client,
  );
  lab.after(() => channel.close());
  return { stub: stubOf(channel, { codec }), requests: () => requests, sessions };
}

async function closeServer(server: Http2Server, sessions: Set<ServerHttp2Session>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const session of sessions) session.destroy();
  await closed;
}
