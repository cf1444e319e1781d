import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  credentials,
  loadPackageDefinition,
  Server,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  ClientHandshaker,
  getBackchannel,
  ListenMux,
  Registry,
  ServerHandshaker,
  type PeerConnectionInfo,
} from 'nestjs-backchannel';
import { createListener, serveConnections, yamuxSessionFactory } from 'nestjs-backchannel/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  GoldenReplay,
  readTrace,
  recordedSpeech,
  withLateStream2,
  yamuxConfigOf,
  type GoldenTrace,
  type Speech,
} from '../fixtures/golden-replay.js';
import { soon } from '../fixtures/raw-peer.js';

const proto = loadSync(fileURLToPath(new URL('../fixtures/interop.proto', import.meta.url)));
const { Gitaly, Praefect } = loadPackageDefinition(proto) as unknown as Record<
  'Gitaly' | 'Praefect',
  ServiceClientConstructor
>;

/** A gRPC message without fields: not compressed, 0 bytes. */
const EMPTY_MESSAGE = '0000000000';

// In HPACK's Huffman code, in which Go and nghttp2 write both.
const PATH_OF_VOTE = '92635d832ca52258e274977d83a903224c7abf'; // /Praefect/VoteTransaction
const GRPC_STATUS_OK = '889acac8b21234da8f0130'; // grpc-status: 0

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const recordings = ['go-mutator', 'go-mutator-v14'];

describe.each(recordings)('FR-19 the recording %s', (name) => {
  const trace = withLateStream2(readTrace(name));

  it('is answered by our listening side as Go answered it', async () => {
    const { port, registry } = await startListening(trace);
    const socket = connect(port, '127.0.0.1');
    closers.push(() => socket.destroy());
    const replay = new GoldenReplay(trace, 'dialing', socket);

    await replay.run();

    const { ours } = replay;
    const recorded = recordedSpeech(trace, 'listening');
    expect(ours.controls.toSorted()).toEqual(recorded.controls.toSorted());
    expect(ours.early).toEqual(new Set());
    expect(headersOn(ours, 2).at(0)).toContain(PATH_OF_VOTE);
    expect(messagesOn(ours, 2)).toBe(EMPTY_MESSAGE);
    expect(headersOn(ours, 1).at(-1)).toContain(GRPC_STATUS_OK);
    expect(messagesOn(ours, 1)).toBe(messagesOn(recorded, 1));
    expect(registry.size).toBe(1);

    await soon(replay.ended, 'the listening side to hang up as well');
    await vi.waitFor(() => expect(registry.size).toBe(0));
  });
});

// In the last one a side listens that pings, and opens stream 2 late. Ours may do otherwise.
describe.each([...recordings, 'go-mutator-v18'])('FR-19 the recording %s', (name) => {
  const trace = readTrace(name);

  it('is led by our dialing side as Go led it', async () => {
    const { port, connection } = await startRawListener();
    const { mutator, votes, close } = dial(port, trace);
    const answer = mutator();
    const socket = await connection;
    const replay = new GoldenReplay(trace, 'listening', socket);

    await replay.run();

    const { ours } = replay;
    const recorded = recordedSpeech(trace, 'dialing');
    expect(ours.controls.slice(0, 2)).toEqual(recorded.controls.slice(0, 2));
    expect(ours.controls.toSorted()).toEqual(recorded.controls.toSorted());
    expect(ours.early).toEqual(new Set());
    expect(await soon(answer, 'the answer of the mutator')).toEqual({});
    expect(votes).toHaveBeenCalledTimes(1);
    expect(headersOn(ours, 2).at(-1)).toContain(GRPC_STATUS_OK);
    expect(messagesOn(ours, 2)).toBe(messagesOn(recorded, 2));

    close();
    await soon(replay.ended, 'the dialing side to hang up');
  });
});

/** The listening side with the recorded listener's settings; its mutator asks for a vote. */
async function startListening(trace: GoldenTrace): Promise<{ port: number; registry: Registry }> {
  const server = new Server();
  server.addService(Gitaly.service, {
    mutator(call: ServerUnaryCall<object, object>, callback: sendUnaryData<object>) {
      getBackchannel(call).client(Praefect)['voteTransaction']!({}, callback);
    },
  });
  const registry = new Registry();
  const sessionFactory = yamuxSessionFactory(yamuxConfigOf(trace.listener));
  const mux = new ListenMux<PeerConnectionInfo>({ onConnection: serveConnections(server) });
  mux.register(new ServerHandshaker(registry, { sessionFactory }));
  const listener = createListener().listen(0, '127.0.0.1');
  mux.attach(listener);
  closers.push(
    () => listener.close(),
    () => server.forceShutdown(),
  );
  await once(listener, 'listening');
  return { port: (listener.address() as AddressInfo).port, registry };
}

/** A listener that accepts one connection and does nothing with it. */
async function startRawListener(): Promise<{ port: number; connection: Promise<Socket> }> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const connection = new Promise<Socket>((resolve) => {
    listener.once('connection', (accepted) => {
      listener.close();
      closers.push(() => accepted.destroy());
      resolve(accepted);
    });
  });
  return { port: (listener.address() as AddressInfo).port, connection };
}

/** The dialing side with the recorded dialer's settings. */
function dial(port: number, trace: GoldenTrace) {
  const votes = vi.fn((_call: unknown, callback: sendUnaryData<object>) => callback(null, {}));
  const handshaker = new ClientHandshaker(
    () => {
      const server = new Server();
      server.addService(Praefect.service, { voteTransaction: votes });
      return server;
    },
    { sessionFactory: yamuxSessionFactory(yamuxConfigOf(trace.dialer)) },
  );
  const insecure = credentials.createInsecure();
  const client = new Gitaly(`127.0.0.1:${port}`, handshaker.clientHandshake(insecure));
  const close = (): void => client.close();
  closers.push(close);
  return {
    votes,
    close,
    mutator: () =>
      new Promise((resolve, reject) => {
        const settle: sendUnaryData<object> = (error, value) =>
          error ? reject(error) : resolve(value);
        client['mutator']!({}, settle);
      }),
  };
}

function headersOn(speech: Speech, streamId: number): string[] {
  const headers = speech.http2(streamId).filter(({ name }) => name === 'HEADERS');
  return headers.map(({ payload }) => payload.toString('hex'));
}

function messagesOn(speech: Speech, streamId: number): string {
  const data = speech.http2(streamId).filter(({ name }) => name === 'DATA');
  return Buffer.concat(data.map(({ payload }) => payload)).toString('hex');
}
