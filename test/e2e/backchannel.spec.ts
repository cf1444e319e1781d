import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import {
  credentials,
  InterceptingCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type Interceptor,
  type ServiceError,
} from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  getPeerId,
  NonMultiplexedConnectionError,
  Registry,
  UnknownPeerError,
  type SessionFactory,
} from '../../lib/index.js';
import { withId, yamuxSessionFactory, type MultiplexSession } from '../../lib/core.js';
import { call, DialingSide, ListeningSide, Payload } from '../fixtures/grpc-js-pair.js';

const sides: ListeningSide[] = [];
const clients: DialingSide[] = [];

async function listen(...args: ConstructorParameters<typeof ListeningSide>) {
  const side = await new ListeningSide(...args).listen();
  sides.push(side);
  return side;
}

function dial(...args: ConstructorParameters<typeof DialingSide>) {
  const side = new DialingSide(...args);
  clients.push(side);
  return side;
}

afterEach(async () => {
  for (const { client } of clients.splice(0)) client.close();
  await Promise.all(sides.splice(0).map((side) => side.close()));
});

describe('the backchannel on plain grpc-js', () => {
  it('lets the listening side call the peer whose call it is handling', async () => {
    const listening = await listen();
    const dialing = dial(listening.address, 'alice');
    expect(await dialing.identifyPeer()).toEqual({ name: 'alice' });
  });

  it('serves 25 multiplexed and 25 plain clients at once, two calls each, and crosses no replies', async () => {
    const listening = await listen();
    const plain = Array.from(
      { length: 25 },
      () => new Payload(listening.address, credentials.createInsecure()),
    );
    const multiplexed = Array.from({ length: 25 }, (_, i) => dial(listening.address, `peer ${i}`));

    const names = await Promise.all(
      multiplexed.flatMap((peer) => [peer.identifyPeer(), peer.identifyPeer()]),
    );
    const refusals = await Promise.allSettled(
      plain.flatMap((client) => [call(client, 'IdentifyPeer'), call(client, 'IdentifyPeer')]),
    );

    expect(names.map(({ name }) => name)).toEqual(
      multiplexed.flatMap((_, i) => [`peer ${i}`, `peer ${i}`]),
    );
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ reason: { code: status.FAILED_PRECONDITION } });
    }
    expect(new Set(listening.callers).size).toBe(25);
    for (const client of plain) client.close();
  });

  it('numbers peers upwards and never uses a number again', async () => {
    const listening = await listen();
    for (let i = 0; i < 3; i++) {
      const dialing = dial(listening.address, 'again');
      await dialing.identifyPeer();
      dialing.client.close();
    }
    expect(listening.callers).toEqual([1, 2, 3]);
  });

  it('takes a peer out of the registry as soon as it closes', async () => {
    const { factory, sessions } = recordSessions();
    const listening = await listen({ sessionFactory: factory });
    const dialing = dial(listening.address, 'alice');
    await dialing.identifyPeer();
    expect(listening.registry.size).toBe(1);

    dialing.client.close();
    await sessions[0]!.closed;

    expect(listening.registry.size).toBe(0);
    expect(() => listening.registry.backchannel(1)).toThrow(UnknownPeerError);
  });

  it('runs the interceptors it was given on every call to a peer', async () => {
    const intercepted: string[] = [];
    const interceptor: Interceptor = (options, nextCall) => {
      intercepted.push(options.method_definition.path);
      return new InterceptingCall(nextCall(options));
    };
    const listening = await listen({ interceptors: [interceptor] });
    const peers = Array.from({ length: 5 }, (_, i) => dial(listening.address, `peer ${i}`));
    await Promise.all(peers.flatMap((peer) => [peer.identifyPeer(), peer.identifyPeer()]));
    expect(intercepted).toEqual(Array.from({ length: 10 }, () => '/Payload/Identify'));
  });

  it('honours the channel options it was given on calls to peers', async () => {
    const listening = await listen({ channelOptions: { 'grpc.max_receive_message_length': 3 } });
    const dialing = dial(listening.address, 'longer than that');
    await expect(dialing.identifyPeer()).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
  });

  it('makes a server for every connection and stops it with the connection', async () => {
    const { factory, sessions } = recordSessions();
    const listening = await listen();
    const dialing = dial(listening.address, 'alice', { sessionFactory: factory });
    await dialing.identifyPeer();
    expect(dialing.servers).toHaveLength(1);
    const stop = vi.spyOn(dialing.servers[0]!, 'forceShutdown');

    sessions[0]!.destroy();
    await sessions[0]!.closed;

    expect(stop).toHaveBeenCalled();
    // grpc-js may not know yet that the connection has gone, and fails the next call.
    expect(await vi.waitFor(() => dialing.identifyPeer())).toEqual({ name: 'alice' });
    expect(dialing.servers).toHaveLength(2);
  });

  it('ends calls with UNAVAILABLE when the connection is lost, in both directions', async () => {
    const { factory, sessions } = recordSessions();
    const listening = await listen({ sessionFactory: factory });
    const dialing = dial(listening.address, 'alice', { serveNobody: true });
    const forward = dialing.identifyPeer();
    while (dialing.callsReceived === 0) await new Promise(setImmediate);

    sessions[0]!.destroy();

    // The reverse call failed at the listening side, whose handler had nobody left to tell it to.
    await expect(forward).rejects.toMatchObject({ code: status.UNAVAILABLE });
    while (listening.failures.length === 0) await new Promise(setImmediate);
    expect(listening.failures[0]).toMatchObject({ code: status.UNAVAILABLE });
  });

  it('closes as often as one likes, on both sides, with the same result', async () => {
    const listeningSessions = recordSessions();
    const dialingSessions = recordSessions();
    const listening = await listen({ sessionFactory: listeningSessions.factory });
    const dialing = dial(listening.address, 'alice', { sessionFactory: dialingSessions.factory });
    await dialing.identifyPeer();

    dialing.client.close();
    dialing.client.close();
    const [ours] = dialingSessions.sessions as [MultiplexSession];
    const [theirs] = listeningSessions.sessions as [MultiplexSession];
    const results = await Promise.all([ours.close(), ours.close(), theirs.close(), theirs.close()]);

    expect(results).toEqual([undefined, undefined, undefined, undefined]);
    expect(await ours.closed).toBe(await ours.closed);
  });

  it('sends the magic first, then opens stream 1, and nothing else before it is answered (LM-11)', async () => {
    const received: Buffer[] = [];
    const silent = createServer((socket) => {
      socket.on('data', (chunk) => received.push(chunk)).on('error', () => {});
    });
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const factory: SessionFactory = (socket, role) =>
      yamuxSessionFactory({ maxStreamWindowSize: 262144 })(socket, role);

    const dialing = dial(address, 'alice', { sessionFactory: factory });
    dialing.identifyPeer().catch(() => {});
    while (Buffer.concat(received).length < 35) await new Promise(setImmediate);

    const bytes = Buffer.concat(received);
    expect(bytes.subarray(0, 11).toString('latin1')).toBe('backchannel');
    expect(bytes.subarray(11, 23).toString('hex')).toBe('000100010000000100000000');
    expect(bytes.subarray(23, 31).toString('hex')).toBe('0000000000000001');
    expect(bytes.subarray(35).toString('latin1')).toMatch(/^PRI \* HTTP\/2\.0/);
    dialing.client.close();
    silent.close();
  });

  it('fails promptly and clearly when it dials a server that knows no backchannel (LM-13)', async () => {
    const plain = new Server();
    const port = await bind(plain);
    const dialing = dial(`127.0.0.1:${port}`, 'alice');
    await expect(dialing.identifyPeer()).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining(
        'the other end is an HTTP/2 server that does not speak yamux',
      ) as unknown,
    });
    plain.forceShutdown();
  });

  it('LM-01 sends nothing to a client that only said its magic', async () => {
    const { factory, sessions } = recordSessions();
    const listening = await listen({ sessionFactory: factory });
    const socket = connect(Number(listening.address.split(':')[1]), '127.0.0.1');
    socket.write('backchannel');
    while (sessions.length === 0) await new Promise(setImmediate);
    const answered = once(socket, 'data');
    socket.write(Buffer.from('000200010000000000000007', 'hex'));
    expect((await answered)[0]).toEqual(Buffer.from('000200020000000000000007', 'hex'));
    expect(listening.registry.size).toBe(0);
    socket.destroy();
  });

  it('LM-14 refuses every stream of a client but the first, and goes on', async () => {
    const listening = await listen();
    const socket = connect(Number(listening.address.split(':')[1]), '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.write('backchannel');
    socket.write(Buffer.from('000100010000000100000000', 'hex'));
    socket.write(Buffer.from('000100010000000300000000', 'hex'));
    socket.write(Buffer.from('000200010000000000000007', 'hex'));
    const received = () => Buffer.concat(chunks).toString('hex');
    while (!received().includes('000200020000000000000007')) await new Promise(setImmediate);
    expect(received()).toContain('000100080000000300000000');
    expect(received()).not.toContain('000100080000000100000000');
    socket.destroy();
  });

  it('keeps nothing of a client that resets its stream as it opens it', async () => {
    const listening = await listen();
    const serve = vi.spyOn(listening.server, 'serve');
    const socket = connect(Number(listening.address.split(':')[1]), '127.0.0.1');
    const syn = '000100010000000100000000';
    const rst = '000100080000000100000000';
    socket.on('error', () => {});
    socket
      .resume()
      .write(Buffer.from(`${Buffer.from('backchannel').toString('hex')}${syn}${rst}`, 'hex'));

    await new Promise((resolve) => socket.once('close', resolve));

    expect(listening.registry.size).toBe(0);
    expect(serve).not.toHaveBeenCalled();
    expect(listening.errors).toMatchObject([{ reason: 'ERR_BACKCHANNEL_HANDSHAKE' }]);
  });

  it('reports a client that leaves before it has opened its stream', async () => {
    const listening = await listen();
    const socket = connect(Number(listening.address.split(':')[1]), '127.0.0.1');
    socket.end('backchannel');
    while (listening.errors.length === 0) await new Promise(setImmediate);
    expect(listening.errors[0]).toMatchObject({
      reason: 'ERR_BACKCHANNEL_HANDSHAKE',
      message: 'the connection ended before the client had opened its stream',
    });
  });
});

describe('the id of a peer', () => {
  it('is refused on a call of a plain connection', () => {
    expect(() => getPeerId({})).toThrow(NonMultiplexedConnectionError);
    expect(() => getPeerId({ getAuthContext: () => ({}) })).toThrow(NonMultiplexedConnectionError);
  });

  it('cannot be forged by anything a client sends', () => {
    const metadata = new Metadata();
    metadata.set('peer-id', '1');
    const forged = { metadata, getAuthContext: () => ({ peerId: 1 }) };
    expect(() => getPeerId(forged)).toThrow(NonMultiplexedConnectionError);
  });

  it('can be given to a call by a test', () => {
    const made = withId({}, 7);
    expect(getPeerId(made)).toBe(7);
  });

  it('names itself when it is unknown', () => {
    const error = catchError(() => new Registry().backchannel(42)) as ServiceError;
    expect(error).toBeInstanceOf(UnknownPeerError);
    expect(error).toMatchObject({ code: status.UNAVAILABLE, peerId: 42 });
    expect(error.message).toContain('no backchannel for peer 42');
  });
});

function bind(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

function catchError(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

/** The default sessions, written down in the order they were made. */
function recordSessions(): { factory: SessionFactory; sessions: MultiplexSession[] } {
  const sessions: MultiplexSession[] = [];
  const create = yamuxSessionFactory();
  return {
    sessions,
    factory: (socket, role) => {
      const session = create(socket, role);
      sessions.push(session);
      return session;
    },
  };
}
