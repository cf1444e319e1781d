// The backchannel with npm yamux-js at both ends, plain grpc-js, real sockets.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server as Listener } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ClientHandshaker,
  getBackchannel,
  ListenMux,
  Registry,
  ServerHandshaker,
  type ClientConstructor,
  type SessionFactory,
} from '../../lib/index.js';
import { serveConnections, type MultiplexSession } from '../../lib/core.js';
import { yamuxJsSessionFactory } from '../../lib/yamux-js/index.js';
import { pattern } from '../fixtures/yamux-streams.js';

const KIB = 1024;
const MIB = 1024 * KIB;

type Done<T> = (error: grpc.ServiceError | null, reply?: T) => void;
type Unary = (request: object, done: Done<Record<string, unknown>>) => grpc.ClientUnaryCall;
type UnaryCall = grpc.ServerUnaryCall<object, object>;
interface Blob {
  data: Buffer;
}
interface DownloadRequest {
  bytes: number;
  chunk: number;
}
interface Stub extends grpc.Client {
  [method: string]: unknown;
  download(request: DownloadRequest): grpc.ClientReadableStream<Blob>;
}

const proto = fileURLToPath(new URL('../fixtures/interop.proto', import.meta.url));
const services = grpc.loadPackageDefinition(
  loadSync(proto, { longs: Number }),
) as unknown as Record<
  'Gitaly' | 'Praefect' | 'Payload',
  ClientConstructor<Stub> & { service: grpc.ServiceDefinition }
>;

/** Calls a unary method. */
function ask(client: Stub, method: string, request: object = {}): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    (client[method] as Unary).call(client, request, (error, reply) =>
      error ? reject(error) : resolve(reply!),
    );
  });
}

/** Reads a whole download. */
async function download(client: Stub, request: DownloadRequest): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const { data } of client.download(request))
    parts.push((data as Buffer) ?? Buffer.alloc(0));
  return Buffer.concat(parts);
}

/** The TCP sockets that this process has. */
function countSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

/** What both sides serve of `Payload`. */
function payload(name: string): grpc.UntypedServiceImplementation {
  return {
    echo: (call: grpc.ServerUnaryCall<Blob, Blob>, done: Done<Blob>) => done(null, call.request),
    identify: (_call: UnaryCall, done: Done<object>) => done(null, { name }),
    async download(call: grpc.ServerWritableStream<DownloadRequest, Blob>) {
      const { bytes, chunk } = call.request;
      for (let offset = 0; offset < bytes; offset += chunk) {
        if (!call.write({ data: numbers(offset, Math.min(bytes, offset + chunk)) })) {
          await once(call, 'drain');
        }
      }
      call.end();
    },
  };
}

/** The bytes of a download between two offsets. */
function numbers(from: number, to: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: to - from }, (_, i) => (from + i) * 31 + 7));
}

describe('the backchannel on yamux-js', () => {
  const server = () => listening.server;
  let listening: { listener: Listener; server: grpc.Server; registry: Registry; address: string };
  /** Of both ends. */
  let sessions: { session: MultiplexSession; socket: Duplex }[];
  let clients: Stub[];
  let votes: number;

  const sessionFactory: SessionFactory = (socket, role) => {
    const session = yamuxJsSessionFactory()(socket, role);
    sessions.push({ session, socket });
    return session;
  };

  let socketsBefore: number;

  beforeEach(async () => {
    socketsBefore = countSockets();
    [sessions, clients, votes] = [[], [], 0];
    listening = await listen();
  });

  afterEach(async () => {
    for (const client of clients) client.close();
    server().forceShutdown();
    listening.listener.close();
    await nothingIsLeft();
  });

  async function listen() {
    const registry = new Registry();
    const grpcServer = new grpc.Server();
    const peer = (call: UnaryCall) => getBackchannel(call).client(services.Payload);
    const answer = (reply: Promise<object>, done: Done<object>) =>
      reply.then(
        (value) => done(null, value),
        (error: grpc.ServiceError) => done(error),
      );
    grpcServer.addService(services.Gitaly.service, {
      mutator: (call: UnaryCall, done: Done<object>) =>
        answer(ask(getBackchannel(call).client(services.Praefect), 'voteTransaction'), done),
    });
    grpcServer.addService(services.Payload.service, {
      ...payload('listening'),
      echoThroughPeer: (call: UnaryCall, done: Done<object>) =>
        answer(ask(peer(call), 'echo', call.request), done),
      identifyPeer: (call: UnaryCall, done: Done<object>) =>
        answer(ask(peer(call), 'identify'), done),
      downloadThroughPeer: (
        call: grpc.ServerUnaryCall<DownloadRequest, object>,
        done: Done<object>,
      ) =>
        answer(
          download(peer(call), call.request).then((bytes) => ({
            bytes: bytes.length,
            sha256: createHash('sha256').update(bytes).digest('hex'),
          })),
          done,
        ),
    });
    const listener = createServer().listen(0, '127.0.0.1');
    new ListenMux({ onConnection: serveConnections(grpcServer) })
      .register(new ServerHandshaker(registry, { sessionFactory }))
      .attach(listener);
    await once(listener, 'listening');
    const address = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
    return { listener, server: grpcServer, registry, address };
  }

  /** A dialing side with stubs of both services on one connection. */
  function dial(name = 'dialing'): { gitaly: Stub; payload: Stub } {
    const handshaker = new ClientHandshaker(
      () => {
        const served = new grpc.Server();
        served.addService(services.Payload.service, payload(name));
        served.addService(services.Praefect.service, {
          voteTransaction: (_call: UnaryCall, done: Done<object>) => {
            votes += 1;
            done(null, {});
          },
        });
        return served;
      },
      { sessionFactory },
    );
    const credentials = handshaker.clientHandshake(grpc.credentials.createInsecure());
    const gitaly = new services.Gitaly(listening.address, credentials);
    const channelOverride = gitaly.getChannel();
    const stub = new services.Payload(listening.address, credentials, { channelOverride });
    clients.push(gitaly);
    return { gitaly, payload: stub };
  }

  /** Every session is over, every socket is closed, and the registry is empty. */
  async function nothingIsLeft(): Promise<void> {
    await Promise.all(sessions.map(({ session }) => session.closed));
    for (const { socket } of sessions) if (!socket.closed) await once(socket, 'close');
    expect(listening.registry.size).toBe(0);
    await vi.waitFor(() => expect(countSockets()).toBeLessThanOrEqual(socketsBefore));
  }

  it('has the dialing side vote while its call waits', async () => {
    const { gitaly } = dial();
    expect(await ask(gitaly, 'mutator')).toEqual({});
    expect(votes).toBe(1);
    expect(sessions).toHaveLength(2);
  });

  it.each([0, KIB, 64 * KIB, 256 * KIB])(
    'echoes %i bytes, forward and through the peer',
    async (size) => {
      const { payload: stub } = dial();
      const data = pattern(size);
      for (const method of ['echo', 'echoThroughPeer']) {
        const reply = await ask(stub, method, { data });
        expect(data.equals((reply['data'] as Buffer | undefined) ?? Buffer.alloc(0)), method).toBe(
          true,
        );
      }
    },
  );

  it('streams 1 MiB in 16 KiB chunks, forward and through the peer', async () => {
    const { payload: stub } = dial();
    const request = { bytes: MIB, chunk: 16 * KIB };
    const expected = numbers(0, MIB);

    expect((await download(stub, request)).equals(expected)).toBe(true);
    expect(await ask(stub, 'downloadThroughPeer', request)).toEqual({
      bytes: MIB,
      sha256: createHash('sha256').update(expected).digest('hex'),
    });
  });

  it('carries 16 calls of 256 KiB at once, each way', async () => {
    const { gitaly, payload: stub } = dial();
    await Promise.all(
      Array.from({ length: 16 }, async (_, seed) => {
        const data = pattern(256 * KIB, seed);
        const [there, back] = await Promise.all([
          ask(stub, 'echo', { data }),
          ask(stub, 'echoThroughPeer', { data }),
          ask(gitaly, 'mutator'),
        ]);
        expect(data.equals(there['data'] as Buffer)).toBe(true);
        expect(data.equals(back['data'] as Buffer)).toBe(true);
      }),
    );
    expect(votes).toBe(16);
  });

  it('calls the very peer back whose call it is', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `peer ${index}`);
    const replies = await Promise.all(names.map((name) => ask(dial(name).payload, 'identifyPeer')));
    expect(replies).toEqual(names.map((name) => ({ name })));
  });

  it.each<[side: string, close: (stub: Stub) => void]>([
    ['dialing', (stub) => stub.close()],
    ['listening', () => server().forceShutdown()],
  ])('leaves nothing behind when the %s side closes', async (_side, close) => {
    const { gitaly } = dial();
    await ask(gitaly, 'mutator');
    expect(listening.registry.size).toBe(1);

    close(gitaly);

    await nothingIsLeft();
  });

  it('fails the calls under way when the connection breaks, and leaves nothing behind', async () => {
    const { gitaly, payload: stub } = dial();
    await ask(gitaly, 'mutator');
    const downloading = download(stub, { bytes: 64 * MIB, chunk: 16 * KIB });

    for (const { socket } of sessions) socket.destroy();

    await expect(downloading).rejects.toMatchObject({ code: grpc.status.UNAVAILABLE });
    gitaly.close();
    await nothingIsLeft();
  });

  it('connects and closes 20 times without a leak', async () => {
    for (let cycle = 1; cycle <= 20; cycle++) {
      const { gitaly } = dial();
      await ask(gitaly, 'mutator');
      gitaly.close();
      await nothingIsLeft();
    }
    expect(sessions).toHaveLength(40);
    expect(votes).toBe(20);
  });
});
