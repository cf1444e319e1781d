import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { loadPackageDefinition, type GrpcObject } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { filter, firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelClient,
  BackchannelModule,
  ClientConn,
  ClientHandshaker,
  connectBackchannel,
  getBackchannelClientToken,
  getClientHandshakerToken,
  HandshakeError,
  ListenMux,
  ListenMuxServer,
  NotConnectedError,
  Registry,
  ServerHandshaker,
  type ClientConstructor,
  type Handshaker,
} from 'nestjs-backchannel';
import { builtInEngine, MAGIC_LENGTH, yamuxSessionFactory } from 'nestjs-backchannel/core';
import { portOf, urlOf } from '../../fixtures/nest/apps.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { callsProto, type Calls, type CallsStub } from '../../fixtures/nest/protos.js';

const server = { url: '127.0.0.1:0', ...callsProto, backchannel: callsProto };
const controllers = [CallsController];
const SHOUT_MAGIC = 'shout-proto';

/** A protocol of its own: sends all that it gets back in upper case. */
@Injectable()
class ShoutHandshaker implements Handshaker<never> {
  readonly magic = SHOUT_MAGIC;
  /** Sockets that it has taken. */
  readonly sockets: Duplex[] = [];

  async handshake(socket: Duplex): Promise<undefined> {
    this.sockets.push(socket);
    socket.on('data', (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
    return undefined;
  }
}

/** Registers its handshaker with the listening side before that listens. */
@Module({ providers: [ShoutHandshaker] })
class ShoutModule {
  constructor(
    @Inject(ListenMux) mux: ListenMux,
    @Inject(ShoutHandshaker) handshaker: ShoutHandshaker,
  ) {
    mux.register(handshaker);
  }
}

async function shoutAt(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  closing({ close: () => socket.destroy() });
  socket.write(SHOUT_MAGIC + text);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}

const echo = (client: Pick<BackchannelClient, 'getService'>, text: string) =>
  firstValueFrom(client.getService<Calls>('Calls').echo({ text }));

const dial = (url: string) =>
  startDialer({ url, ...callsProto, backchannel: callsProto }, { controllers });

/** Starts the application of `builder`, and closes it with the test. */
async function start(builder: ReturnType<typeof Test.createTestingModule>) {
  const app = closing((await builder.compile()).createNestApplication({ logger: false }));
  connectBackchannel(app);
  await app.startAllMicroservices();
  await app.init();
  return app;
}

const listeningModule = (imports: Parameters<typeof Test.createTestingModule>[0]['imports'] = []) =>
  Test.createTestingModule({
    imports: [BackchannelModule.forRoot({ server }), ...imports],
    controllers,
  });

describe('the port of a listening side', () => {
  it('carries another protocol, whose handshaker is registered with the injected ListenMux', async () => {
    const app = await start(listeningModule([ShoutModule]));
    const strategy = app.get(ListenMuxServer);

    expect(await shoutAt(portOf(strategy), 'hello')).toBe('HELLO');
    const { client } = await dial(urlOf(strategy));
    expect(await echo(client, 'gRPC')).toEqual({ text: 'gRPC' });
    expect(app.get(ListenMux).connectionCount).toBe(2);
  });

  it('carries the protocols of the option "handshakers"', async () => {
    const handshakers = [new ShoutHandshaker()];
    const { port, url, registry } = await startListener(
      { ...server, handshakers },
      { controllers },
    );
    await dial(url);

    expect(await shoutAt(port, 'hello')).toBe('HELLO');
    expect(registry.size).toBe(1);
  });

  it('closes the connections of another protocol with the application', async () => {
    const handshaker = new ShoutHandshaker();
    const { app, port } = await startListener({ ...server, handshakers: [handshaker] });
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write(SHOUT_MAGIC);
    await eventually(() => handshaker.sockets.length).toBe(1);

    const closed = once(socket, 'close');
    await app.close();

    await closed;
    expect(handshaker.sockets[0]!.destroyed).toBe(true);
  });

  it('serves gRPC on the stream that a handshaker makes of its connections', async () => {
    const tagged: Handshaker<never> = {
      magic: 'tagged-h2::',
      handshake: async (socket) => ({ stream: socket, context: undefined }),
    };
    const { port } = await startListener({ ...server, handshakers: [tagged] }, { controllers });
    const channel = builtInEngine.createStreamChannel(async () => {
      const socket: Socket = connect(port, '127.0.0.1');
      socket.write(tagged.magic);
      return socket;
    });
    closing(channel);
    const { Calls } = loadPackageDefinition(loadSync(callsProto.protoPath))['calls'] as GrpcObject;
    const calls = new ClientConn(channel).client(Calls as unknown as ClientConstructor<CallsStub>);

    const reply = await new Promise((resolve, reject) => {
      calls.echo({ text: 'tagged' }, (error, value) => (error ? reject(error) : resolve(value)));
    });

    expect(reply).toEqual({ text: 'tagged' });
  });

  it.each([
    [[{}], '"server.handshakers" must be an array of handshakers'],
    [[{ magic: 'short', handshake: () => {} }], `a magic of ${MAGIC_LENGTH} bytes`],
    [{ magic: SHOUT_MAGIC }, 'an array of handshakers'],
  ])('does not open for the handshakers %j', (handshakers, problem) => {
    const options = { server: { ...server, handshakers: handshakers as Handshaker<never>[] } };
    expect(() => BackchannelModule.forRoot(options)).toThrow(problem);
  });

  it('does not open for two handshakers of one magic', () => {
    const handshakers = [new ShoutHandshaker(), new ShoutHandshaker()];
    expect(() => new ListenMuxServer({ ...server, handshakers })).toThrow('already registered');
  });
});

describe('the handshaker of a listening side', () => {
  it('is injected, and drains the peers of that side', async () => {
    const app = await start(listeningModule());
    const strategy = app.get(ListenMuxServer);
    await dial(urlOf(strategy));
    const departed = firstValueFrom(
      strategy.registry.peers$.pipe(filter(({ type }) => type === 'disconnected')),
    );

    await app.get(ServerHandshaker).close();

    expect(await departed).toMatchObject({ departure: { cause: 'shutdown' } });
  });

  it('is replaced by that of a test', async () => {
    class ClosedHandshaker extends ServerHandshaker {
      override handshake(): Promise<never> {
        return Promise.reject(new HandshakeError('nobody gets in'));
      }
    }
    const registry = new Registry();
    const app = await start(
      listeningModule().overrideProvider(ServerHandshaker).useValue(new ClosedHandshaker(registry)),
    );
    const client = closing(
      new BackchannelClient({ url: urlOf(app.get(ListenMuxServer)), ...callsProto }),
    );

    await expect(client.connect(300)).rejects.toThrow(NotConnectedError);
    expect(registry.size).toBe(0);
  });
});

describe('the handshaker of a client', () => {
  const dialingModule = (url: string) =>
    Test.createTestingModule({
      imports: [BackchannelModule.registerClient({ name: 'HUB', url, ...callsProto })],
    });

  it('is injected, and has the connections of that client', async () => {
    const { url, registry } = await startListener(server, { controllers });
    const module = closing(await dialingModule(url).compile());
    await module.init();
    const client = module.get<BackchannelClient>(getBackchannelClientToken('HUB'));
    await client.connect();
    const again = registry.waitFor(({ id }) => id > 1);

    await module.get<ClientHandshaker>(getClientHandshakerToken('HUB')).disconnect();

    expect((await again).id).toBe(2);
  });

  it('is replaced by that of a test', async () => {
    const { url } = await startListener(server, { controllers });
    let sessions = 0;
    const create = yamuxSessionFactory();
    const handshaker = new ClientHandshaker(() => builtInEngine.createServer(), {
      sessionFactory: (socket, role) => {
        sessions += 1;
        return create(socket, role);
      },
    });
    const module = closing(
      await dialingModule(url)
        .overrideProvider(getClientHandshakerToken('HUB'))
        .useValue(handshaker)
        .compile(),
    );
    await module.init();
    const client = module.get<BackchannelClient>(getBackchannelClientToken('HUB'));

    expect(await echo(client, 'through it')).toEqual({ text: 'through it' });
    expect(sessions).toBe(1);
  });
});
