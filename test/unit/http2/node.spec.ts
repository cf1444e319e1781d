import { once } from 'node:events';
import {
  connect,
  createServer as createHttp2Server,
  type ClientHttp2Session,
  type Http2Server,
  type IncomingHttpHeaders,
} from 'node:http2';
import { connect as connectSocket, createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Http2Connection,
  type Http2Stream,
  type StreamListener,
} from '../../../lib/http2/index.js';

const MiB = 1024 * 1024;
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function silent(stream: () => Http2Stream, parts: Partial<StreamListener>): StreamListener {
  return {
    onHeaders() {},
    onData: (_chunk, start, end) => stream().consume(end - start),
    onTrailers() {},
    onEnd() {},
    onDrain() {},
    onClose() {},
    ...parts,
  };
}

/** Our server, that sends back what it gets, and its trailers. */
async function startOurs(): Promise<ClientHttp2Session> {
  const server: Server = createServer({ noDelay: true }, (socket) => {
    const connection = new Http2Connection(socket, 'server', {
      onRequest(stream, headers) {
        stream.sendHeaders([':status', '200', 'x-path', headers[headers.indexOf(':path') + 1]!]);
        stream.listener = silent(() => stream, {
          onData(chunk, start, end) {
            const piece = chunk.subarray(start, end);
            stream.write([piece], piece.length);
            stream.consume(piece.length);
          },
          onEnd: () => stream.sendHeaders(['x-trailer', 'bye'], true),
        });
      },
    });
    closing.push(() => connection.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  closing.push(
    () => session.destroy(),
    () => server.close(),
  );
  return session;
}

interface Reply {
  headers: IncomingHttpHeaders;
  trailers: IncomingHttpHeaders;
  body: Buffer;
}

async function call(session: ClientHttp2Session, body: Buffer, path = '/'): Promise<Reply> {
  const stream = session.request({ ':method': 'POST', ':path': path });
  const reply: Reply = { headers: {}, trailers: {}, body: Buffer.alloc(0) };
  const chunks: Buffer[] = [];
  stream.on('response', (headers) => (reply.headers = headers));
  stream.on('trailers', (trailers) => (reply.trailers = trailers));
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.end(body);
  await once(stream, 'close');
  reply.body = Buffer.concat(chunks);
  return reply;
}

function pattern(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
}

/** Our client on a server of node:http2 that sends back what it gets. */
async function connectOurs(): Promise<Http2Connection> {
  const server: Http2Server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200, 'x-path': headers[':path'] }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-trailer': 'bye' }));
    stream.pipe(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connectSocket((server.address() as AddressInfo).port, '127.0.0.1');
  const connection = new Http2Connection(socket, 'client', {});
  closing.push(
    () => connection.destroy(),
    () => server.close(),
  );
  return connection;
}

interface FlatReply {
  headers: readonly string[];
  trailers: readonly string[];
  body: Buffer;
}

function request(connection: Http2Connection, body: Buffer, path = '/'): Promise<FlatReply> {
  return new Promise((resolve, reject) => {
    const reply: FlatReply = { headers: [], trailers: [], body: Buffer.alloc(0) };
    const chunks: Buffer[] = [];
    const stream: Http2Stream = connection.request(
      [':method', 'POST', ':scheme', 'http', ':path', path, ':authority', 'here'],
      silent(() => stream, {
        onHeaders: (headers) => (reply.headers = headers),
        onTrailers: (trailers) => (reply.trailers = trailers),
        onData(chunk, start, end) {
          const piece = chunk.subarray(start, end);
          chunks.push(piece);
          stream.consume(piece.length);
        },
        onClose(error) {
          reply.body = Buffer.concat(chunks);
          if (error) reject(error);
          else resolve(reply);
        },
      }),
    );
    stream.write([body], body.length, true);
  });
}

describe('an HTTP/2 connection of ours', () => {
  describe('as the server of a node:http2 client', () => {
    it.each([0, 1, 16_384, 16_385, 65_535, 65_536, 5 * MiB])(
      'sends back a body of %i bytes',
      async (size) => {
        const session = await startOurs();
        const body = pattern(size);

        const reply = await call(session, body, '/some/where');

        expect(reply.headers[':status']).toBe(200);
        expect(reply.headers['x-path']).toBe('/some/where');
        expect(reply.body.equals(body)).toBe(true);
        expect(reply.trailers['x-trailer']).toBe('bye');
      },
    );

    it('serves 300 calls at once', async () => {
      const session = await startOurs();

      const replies = await Promise.all(
        Array.from({ length: 300 }, (_, i) => call(session, Buffer.from(`body ${i}`))),
      );

      expect(replies.map(({ body }) => body.toString())).toEqual(
        Array.from({ length: 300 }, (_, i) => `body ${i}`),
      );
    });
  });

  describe('as the client of a node:http2 server', () => {
    it.each([0, 1, 16_384, 16_385, 65_535, 65_536, 5 * MiB])(
      'gets back a body of %i bytes',
      async (size) => {
        const connection = await connectOurs();
        const body = pattern(size);

        const reply = await request(connection, body, '/some/where');

        expect(reply.headers).toContain('/some/where');
        expect(reply.body.equals(body)).toBe(true);
        expect(reply.trailers).toEqual(['x-trailer', 'bye']);
        expect(connection.streamCount).toBe(0);
      },
    );

    it('makes 100 calls at once', async () => {
      const connection = await connectOurs();

      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, i) => request(connection, Buffer.from(`body ${i}`))),
      );

      expect(replies.map(({ body }) => body.toString())).toEqual(
        Array.from({ length: 100 }, (_, i) => `body ${i}`),
      );
    });
  });
});
