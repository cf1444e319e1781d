import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  ClientHandshaker,
  ListenMux,
  Registry,
  ServerHandshaker,
  type PeerConnectionInfo,
  type SessionFactory,
} from '../../lib/index.js';
import {
  builtInEngine,
  createListener,
  serveConnections,
  yamuxSessionFactory,
} from '../../lib/core.js';
import { LENT_SIZE, overwriteFreedBuffers, ownSocket } from '../../lib/wire/index.js';
import { yamuxJsSessionFactory } from '../../lib/yamux-js/index.js';
import { YamuxSession, type YamuxConfig } from '../../lib/yamux.js';
import { CuttingProxy } from '../fixtures/cutting-proxy.js';
import { service, stubOf, type Handlers, type Stub } from '../fixtures/grpc/service.js';
import { securities } from '../fixtures/nest/tls.js';

// Memory that would be freed is overwritten: a view that is still in use shows wrong bytes.
vi.hoisted(() => (process.env['BACKCHANNEL_DEBUG_BUFFERS'] = 'overwrite'));

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function hashOf(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('base64');
}

/** Bytes that repeat themselves nowhere, and can be compressed by half. */
function bytesOf(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed + 1;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = (state >>> 16) & 0x0f;
  }
  return bytes;
}

/** Handlers that keep every message until their call is over, and then answer with the hash of all. */
const handlers: Handlers = {
  unary: ({ request }, callback) => callback(null, request),
  collect: (call, callback) => {
    const kept: Buffer[] = [];
    call.on('data', (message: Buffer) => kept.push(message));
    call.on('end', () => callback(null, Buffer.from(hashOf(Buffer.concat(kept)))));
  },
  list: (call) => {
    for (let i = 0; i < 4; i += 1) call.write(call.request);
    call.end();
  },
  bidi: (call) => {
    const kept: Buffer[] = [];
    call.on('data', (message: Buffer) => {
      kept.push(message);
      call.write(message);
    });
    call.on('end', () => {
      call.write(Buffer.from(hashOf(Buffer.concat(kept))));
      call.end();
    });
  },
};

interface Way {
  readonly security: keyof typeof securities & ('insecure' | 'TLS');
  readonly session: 'yamux' | 'yamux-js' | 'none';
  /** Value of `grpc.default_compression_algorithm`. */
  readonly compression: 0 | 2;
  /** Sizes of the segments; without any, there is no proxy that cuts. */
  readonly cuts: readonly number[];
}

const BORROWING = yamuxSessionFactory({ chunks: 'borrowed' });

const FACTORIES: Readonly<Record<'yamux' | 'yamux-js', SessionFactory>> = {
  yamux: yamuxSessionFactory(),
  'yamux-js': yamuxJsSessionFactory(),
};

function createTestServer(): ReturnType<typeof builtInEngine.createServer> {
  const server = builtInEngine.createServer({ 'grpc.default_compression_algorithm': 0 });
  server.addService(service, handlers as never);
  return server;
}

/** Stubs of both directions over one way. */
async function stubsOver({ security, session, compression, cuts }: Way): Promise<Stub[]> {
  const registry = new Registry();
  const server = createTestServer();
  const mux = new ListenMux<PeerConnectionInfo>({ onConnection: serveConnections(server) });
  const listener = createListener(securities[security].server);
  const factory = session === 'none' ? undefined : FACTORIES[session];
  mux.register(new ServerHandshaker(registry, factory && { sessionFactory: factory }));
  mux.attach(listener);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const proxy = cuts.length > 0 ? await CuttingProxy.start(port, cuts) : undefined;
  const address = proxy?.address ?? `127.0.0.1:${port}`;
  const options = {
    'grpc.default_compression_algorithm': compression,
    'grpc.ssl_target_name_override': 'localhost',
  };
  const { client } = securities[security];
  const handshaker = new ClientHandshaker(createTestServer, factory && { sessionFactory: factory });
  const channel =
    session === 'none'
      ? builtInEngine.createDialChannel(address, client, async (socket) => socket, options)
      : handshaker.createChannel(address, client, options);
  closing.push(() => {
    channel.close();
    proxy?.close();
    listener.close();
    mux.close();
    server.forceShutdown();
  });
  const forward = stubOf(channel);
  await unary(forward, Buffer.from('connect'));
  if (session === 'none') return [forward];
  const peer = registry.get(1)!;
  return [forward, stubOf(registry.backchannel(peer.id).channel as never, options)];
}

function unary(stub: Stub, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stub.unary(request, (error, reply) => (error ? reject(error) : resolve(reply!)));
  });
}

function collect(stub: Stub, messages: readonly Buffer[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = stub.collect((error, reply) =>
      error ? reject(error) : resolve(reply!.toString()),
    );
    for (const message of messages) call.write(message);
    call.end();
  });
}

async function all(stream: Duplex | NodeJS.ReadableStream): Promise<Buffer[]> {
  const kept: Buffer[] = [];
  stream.on('data', (message: Buffer) => kept.push(message));
  await once(stream, 'end');
  return kept;
}

async function everyKindIsRight(stub: Stub, messages: readonly Buffer[]): Promise<void> {
  const sum = hashOf(Buffer.concat(messages));
  const bidi = stub.bidi();
  for (const message of messages) bidi.write(message);
  bidi.end();
  const [replies, collected, listed, ...echoed] = await Promise.all([
    all(bidi),
    collect(stub, messages),
    all(stub.list(messages[0]!)),
    ...messages.map((message) => unary(stub, message)),
  ]);
  expect(replies.pop()!.toString()).toBe(sum);
  expect(replies.map(hashOf)).toEqual(messages.map(hashOf));
  expect(collected).toBe(sum);
  expect(listed.map(hashOf)).toEqual(Array(4).fill(hashOf(messages[0]!)));
  expect(echoed.map(hashOf)).toEqual(messages.map(hashOf));
}

/** Whether the memory of every large chunk that arrived in `act` was freed, none of it, or some. */
async function freedIn(act: () => Promise<unknown>): Promise<'all' | 'none' | 'some'> {
  const chunks: Buffer[] = [];
  const { push } = Socket.prototype;
  const watch = vi.spyOn(Socket.prototype, 'push').mockImplementation(function (
    this: Socket,
    chunk,
  ) {
    if (Buffer.isBuffer(chunk) && chunk.length === chunk.buffer.byteLength) chunks.push(chunk);
    return push.call(this, chunk);
  });
  try {
    await act();
  } finally {
    watch.mockRestore();
  }
  const large = chunks.filter(({ length }) => length >= LENT_SIZE);
  expect(large.length).toBeGreaterThan(0);
  const freed = large.filter((chunk) => chunk.every((byte) => byte === chunk[0]));
  if (freed.length === 0) return 'none';
  return freed.length === large.length ? 'all' : 'some';
}

const LARGE_MESSAGE = bytesOf(200_000, 1);

/** Serves the test service on a connection that the application has made itself. */
async function stubOverOwnConnection(): Promise<Stub> {
  const mux = new ListenMux<PeerConnectionInfo>({
    onConnection: serveConnections(createTestServer()),
  });
  mux.register(new ServerHandshaker(new Registry(), { sessionFactory: BORROWING }));
  const [near, far] = await socketPair();
  mux.handle(far);
  const handshaker = new ClientHandshaker(createTestServer, { sessionFactory: BORROWING });
  const channel = handshaker.createChannelOver(async () => near);
  closing.push(() => channel.close());
  return stubOf(channel);
}

const size = fc.oneof(
  fc.integer({ min: 0, max: 64 }),
  fc.integer({ min: 4000, max: 4200 }),
  fc.integer({ min: 8000, max: 70_000 }),
  fc.integer({ min: 100_000, max: 150_000 }),
);

const way: fc.Arbitrary<Way> = fc.record({
  security: fc.constantFrom('insecure', 'TLS'),
  session: fc.constantFrom('yamux', 'yamux', 'yamux-js', 'none'),
  compression: fc.constantFrom(0, 2),
  cuts: fc
    .array(fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 8000, max: 40_000 })), {
      maxLength: 6,
    })
    .map((sizes) => sizes.concat(64_000)),
});

/** A socket of each end of a connection. */
async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer({ noDelay: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  const [far] = (await once(server, 'connection')) as [Socket];
  closing.push(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return [near, far];
}

const SENT = bytesOf(20_000_000, 7);

function sessionPair(
  near: Duplex,
  far: Duplex,
  config: Partial<YamuxConfig> = {},
): [YamuxSession, YamuxSession] {
  const sender = new YamuxSession(near, 'client');
  const receiver = new YamuxSession(far, 'server', config);
  closing.push(() => [sender, receiver].map((session) => session.destroy()));
  return [sender, receiver];
}

/** A stream whose other end has sent `SENT`, on a session that may free what it reads. */
async function receivedStream(chunks: 'kept' | 'borrowed'): Promise<Duplex> {
  const [sender, receiver] = sessionPair(...(await socketPair()), { chunks });
  const stream = await sender.open();
  stream.end(SENT);
  return receiver.accept();
}

/** The hash of what arrives. */
async function hashOfInput(stream: Duplex): Promise<string> {
  const hash = createHash('sha1');
  stream.on('data', (chunk: Buffer) => hash.update(chunk));
  await once(stream, 'end');
  return hash.digest('base64');
}

beforeAll(() => expect(overwriteFreedBuffers).toBe(true));

describe('memory that is freed after use', () => {
  it('is never that of a message, whatever the segments, sizes, compression and multiplexer', async () => {
    await fc.assert(
      fc.asyncProperty(way, fc.array(size, { minLength: 1, maxLength: 8 }), async (over, sizes) => {
        const messages = sizes.map((length, i) => bytesOf(length, i));
        for (const stub of await stubsOver(over)) await everyKindIsRight(stub, messages);
        for (const close of closing.splice(0).reverse()) await close();
      }),
      { numRuns: 30 },
    );
  }, 60_000);

  it.each(['yamux', 'none'] as const)(
    'is that of all large chunks (multiplexer: %s)',
    async (session) => {
      const over: Way = { security: 'insecure', session, compression: 0, cuts: [] };
      for (const stub of await stubsOver(over)) {
        // The first data of a stream may arrive before the stream has its reader, and is kept then.
        await unary(stub, Buffer.from('first'));
        expect(await freedIn(() => unary(stub, LARGE_MESSAGE))).toBe('all');
      }
    },
  );

  it('is never that of a connection that the application has made', async () => {
    const stub = await stubOverOwnConnection();
    expect(await freedIn(() => unary(stub, LARGE_MESSAGE))).toBe('none');
  });

  it('is that of borrowed chunks, once their listener has returned', async () => {
    const stream = await receivedStream('borrowed');
    const kept: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => kept.push(chunk));
    await once(stream, 'end');
    expect(hashOf(Buffer.concat(kept))).not.toBe(hashOf(SENT));
  });

  it('is not that of borrowed chunks within their listener', async () => {
    const stream = await receivedStream('borrowed');
    expect(await hashOfInput(stream)).toBe(hashOf(SENT));
  });

  it('is not that of chunks that a user keeps', async () => {
    const stream = await receivedStream('kept');
    expect(hashOf(Buffer.concat(await all(stream)))).toBe(hashOf(SENT));
  });

  it('is not that of borrowed chunks that had to wait for their reader', async () => {
    const stream = await receivedStream('borrowed');
    const kept: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      kept.push(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(hashOf(Buffer.concat(kept))).toBe(hashOf(SENT));
  });

  it('is not that of borrowed chunks that were put back and read again', async () => {
    const stream = await receivedStream('borrowed');
    const kept: Buffer[] = [];
    const onData = (chunk: Buffer): void => {
      stream.off('data', onData);
      stream.pause().unshift(chunk);
      kept.push(stream.read(chunk.length) as Buffer);
      stream.on('data', onData).resume();
    };
    stream.on('data', onData);
    await once(stream, 'end');
    expect(hashOf(Buffer.concat(kept))).toBe(hashOf(SENT));
  });

  it('is not that of chunks that a second listener keeps', async () => {
    const stream = await receivedStream('borrowed');
    const kept: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => kept.push(chunk));
    stream.on('data', () => {});
    await once(stream, 'end');
    expect(hashOf(Buffer.concat(kept))).toBe(hashOf(SENT));
  });

  it('is not that of chunks that a user keeps, of a session in a stream', async () => {
    const [near, far] = await socketPair();
    ownSocket(far);
    const [outerSender, outerReceiver] = sessionPair(near, far);
    const outer = await outerSender.open();
    const [sender, receiver] = sessionPair(outer, await outerReceiver.accept());
    (await sender.open()).end(SENT);
    const stream = await receiver.accept();
    expect(hashOf(Buffer.concat(await all(stream)))).toBe(hashOf(SENT));
  });

  it.each(['kept', 'borrowed'] as const)(
    'is not that of %s chunks in a pending write: a pipe into a socket that nobody reads',
    async (chunks) => {
      const [near, far] = await socketPair();
      const stream = await receivedStream(chunks);
      stream.pipe(near);
      // The socket is full: writes are pending, and stay so while more input is read and freed.
      await vi.waitFor(() => expect(near.writableNeedDrain).toBe(true));
      const other = await receivedStream('borrowed');
      await hashOfInput(other);
      expect(near.writableLength).toBeGreaterThan(0);
      expect(await hashOfInput(far)).toBe(hashOf(SENT));
    },
  );
});
