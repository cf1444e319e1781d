import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import {
  ClientHandshaker,
  Registry,
  ServerHandshaker,
  yamuxSessionFactory,
  type SessionFactory,
} from '../../../lib/backchannel/index.js';
import { builtInEngine, type GrpcEngine } from '../../../lib/grpc/index.js';
import { engines } from '../../fixtures/engines.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { D, SYN, W } from '../../fixtures/yamux-frames.js';

/** A connection over loopback: the near end was accepted. */
async function socketPair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    far.destroy();
    near.destroy();
    server.close();
  });
  return { near, far };
}

/** Sessions of yamux; the streams that they open go to `streams`, too. */
function keepStreams(streams: Duplex[]): SessionFactory {
  const create = yamuxSessionFactory();
  return (socket, role) => {
    const session = create(socket, role);
    const open = session.open.bind(session);
    const openAndKeep = async (): Promise<Duplex> => {
      const stream = await open();
      streams.push(stream);
      return stream;
    };
    return Object.assign(session, { open: openAndKeep });
  };
}

// Engine grpc-js stops reading at what is no HTTP/2: its session stayed, and all that it had.
it('a stream that nobody reads any more closes when its peer has left', async () => {
  const registry = new Registry();
  const { near, far } = await socketPair();
  far.write(Buffer.concat([W(SYN, 1, 0), D(0, 1, 'nobody reads this')]));
  const { stream } = await new ServerHandshaker(registry).handshake(near);
  await eventually(() => stream.readableLength).toBeGreaterThan(0);
  const closed = once(stream, 'close');

  far.end();

  await closed;
  expect(registry.size).toBe(0);
});

/** A dialing side that has connected, the other end of its connection, and its stream of forward calls. */
async function dialed(engine: GrpcEngine): Promise<{ far: Socket; stream: Duplex }> {
  const { near, far } = await socketPair();
  const streams: Duplex[] = [];
  const handshaker = new ClientHandshaker(() => engine.createServer(), {
    engine,
    sessionFactory: keepStreams(streams),
  });
  const channel = handshaker.createChannelOver(() => Promise.resolve(near));
  onTestFinished(() => {
    channel.close();
    return handshaker.close();
  });
  channel.getConnectivityState(true);
  await once(far, 'data');
  await eventually(() => streams.length).toBe(1);
  return { far, stream: streams[0]! };
}

/** Empty SETTINGS. */
const SETTINGS = '000000040000000000';
/** DATA of stream 0, which no peer may send (RFC 9113, 6.1). */
const NOT_HTTP2 = '000001000000000000aa';

// node:http2 reads no further after an error: the channel went on as connected, to nobody.
it.each(engines)(
  'the stream of forward calls closes when the listening side has left: $name',
  async (engine) => {
    const { far, stream } = await dialed(engine);
    far.write(D(0, 1, Buffer.from(SETTINGS + NOT_HTTP2, 'hex')));
    far.write(D(0, 1, Buffer.alloc(1000)));

    far.end();

    await eventually(() => stream.closed).toBe(true);
  },
);

it('what has come on it can still be read when the listening side has left', async () => {
  const { far, stream } = await dialed(builtInEngine);
  stream.pause();
  far.write(D(0, 1, Buffer.from(SETTINGS, 'hex')));
  await eventually(() => stream.readableLength).toBeGreaterThan(0);

  far.destroy();
  await once(far, 'close');
  await nextTurn();

  stream.resume();
  const [chunk] = (await once(stream, 'data')) as [Buffer];
  expect(chunk.toString('hex')).toBe(SETTINGS);
});
