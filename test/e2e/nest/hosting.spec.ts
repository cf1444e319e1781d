import { status } from '@grpc/grpc-js';
import { Controller, Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod, Payload, type CustomStrategy } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  Backchannel,
  BackchannelClient,
  BackchannelModule,
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  Registry,
  type ClientConn,
} from 'nestjs-backchannel';
import { urlOf } from '../../fixtures/nest/apps.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { GitalyController, PraefectController } from '../../fixtures/nest/mutator.controllers.js';
import {
  callsProto,
  gitalyProto,
  praefectProto,
  type Calls,
  type Gitaly,
  type MutatorReply,
  type MutatorRequest,
  type Praefect,
} from '../../fixtures/nest/protos.js';

const server = { url: '127.0.0.1:0', ...gitalyProto, backchannel: praefectProto };
const quiet = { logger: false, abortOnError: false } as const;

const mutate = (client: Pick<BackchannelClient, 'getService'>, branch = 'main') =>
  firstValueFrom(client.getService<Gitaly>('Gitaly').mutator({ branch }));

/** Dials `url` as a client that votes, and asks for a mutation: proof that both directions work. */
async function mutateAt(url: string): Promise<MutatorReply> {
  const { client } = await startDialer(
    { url, ...gitalyProto, backchannel: praefectProto },
    { controllers: [PraefectController] },
  );
  return mutate(client);
}

@Module({ imports: [BackchannelModule.forRoot({ server })], controllers: [GitalyController] })
class GitalyModule {}

@Module({ controllers: [GitalyController] })
class GitalyWithoutBackchannelModule {}

@Module({ controllers: [PraefectController] })
class PraefectWithoutBackchannelModule {}

describe('the listening side', () => {
  it('is hosted by NestFactory.create with connectBackchannel', async () => {
    const app = closing(await NestFactory.create(GitalyModule, quiet));

    const microservices = connectBackchannel(app);
    await app.startAllMicroservices();

    expect(microservices).toHaveLength(1);
    expect(await mutateAt(urlOf(app.get(ListenMuxServer)))).toEqual({ voter: 'praefect' });
  });

  it('is hosted by NestFactory.create with connectMicroservice', async () => {
    const app = closing(await NestFactory.create(GitalyModule, quiet));

    app.connectMicroservice<CustomStrategy>({ strategy: app.get(ListenMuxServer) });
    await app.startAllMicroservices();

    expect(await mutateAt(urlOf(app.get(ListenMuxServer)))).toEqual({ voter: 'praefect' });
  });

  it('is hosted beside HTTP in one application', async () => {
    const app = closing(await NestFactory.create(GitalyModule, quiet));
    connectBackchannel(app);
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');

    const { status: httpStatus } = await fetch(`${await app.getUrl()}/nothing-here`);

    expect(httpStatus).toBe(404);
    expect(await mutateAt(urlOf(app.get(ListenMuxServer)))).toEqual({ voter: 'praefect' });
  });

  it('is hosted by createMicroservice with a strategy made by hand, without any module', async () => {
    const registry = new Registry();
    const strategy = new ListenMuxServer(server, registry);
    const app = closing(
      await NestFactory.createMicroservice<CustomStrategy>(GitalyWithoutBackchannelModule, {
        strategy,
        ...quiet,
      }),
    );

    await app.listen();

    expect(await mutateAt(urlOf(strategy))).toEqual({ voter: 'praefect' });
    expect(strategy.registry).toBe(registry);
    expect(registry.size).toBe(1);
  });

  it('is hosted by createMicroservice with the strategy of the module', async () => {
    const { url } = await startListener(server, { controllers: [GitalyController] });

    expect(await mutateAt(url)).toEqual({ voter: 'praefect' });
  });

  it('gives the gRPC server while it listens, and neither server nor address before and after', async () => {
    const app = closing(await NestFactory.create(GitalyModule, quiet));
    const strategy = app.get(ListenMuxServer);
    connectBackchannel(app);
    const unwrap = (): unknown => strategy.unwrap();

    expect(unwrap).toThrow('before listen()');
    expect(strategy.address).toBeNull();
    await app.startAllMicroservices();
    expect(unwrap()).toHaveProperty('addService');
    expect(strategy.address).toMatchObject({ address: '127.0.0.1' });
    await app.close();
    expect(unwrap).toThrow('after close()');
    expect(strategy.address).toBeNull();
  });
});

describe('the dialing side', () => {
  it('is hosted by NestFactory.create with connectBackchannel', async () => {
    const { url, registry } = await startListener(server, { controllers: [GitalyController] });

    @Module({
      imports: [
        BackchannelModule.registerClient({
          name: 'GITALY',
          url,
          ...gitalyProto,
          backchannel: praefectProto,
        }),
      ],
      controllers: [PraefectController],
    })
    class PraefectModule {}
    const app = closing(await NestFactory.create(PraefectModule, quiet));

    connectBackchannel(app);
    await app.startAllMicroservices();

    await eventually(() => registry.size).toBe(1); // By itself, without any forward call.
    expect(await mutate(app.get(getBackchannelClientToken('GITALY')))).toEqual({
      voter: 'praefect',
    });
  });

  it('is hosted by createMicroservice with the strategy of a client made by hand', async () => {
    const { url } = await startListener(server, { controllers: [GitalyController] });
    const client = closing(
      new BackchannelClient({ url, ...gitalyProto, backchannel: praefectProto }),
    );
    const app = closing(
      await NestFactory.createMicroservice<CustomStrategy>(PraefectWithoutBackchannelModule, {
        strategy: client.strategy,
        ...quiet,
      }),
    );

    await app.listen();

    expect(await mutate(client)).toEqual({ voter: 'praefect' });
  });

  it('is a client like any other where it serves nothing: peers get UNIMPLEMENTED from it', async () => {
    const { url, registry } = await startListener(server, { controllers: [GitalyController] });
    const client = closing(new BackchannelClient({ url, ...gitalyProto }));

    const { peerId } = await firstValueFrom(client.getService<Gitaly>('Gitaly').identify({}));

    expect(client.serves).toBe(false);
    expect(() => client.strategy).toThrow(/has nothing to serve.*"backchannel"/);
    const praefect = registry.backchannel(peerId).getService<Praefect>('Praefect');
    await expect(firstValueFrom(praefect.voteTransaction({}))).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });
});

describe('one application', () => {
  it('listens and dials at once, each with its own services', async () => {
    const upstream = await startListener(server, { controllers: [GitalyController] });

    @Controller()
    class ProxyController {
      constructor(
        @Inject(getBackchannelClientToken('UPSTREAM')) private readonly client: BackchannelClient,
      ) {}

      @GrpcMethod('Gitaly')
      async mutator(
        @Payload() { branch }: MutatorRequest,
        @Backchannel('Praefect') praefect: Praefect,
      ): Promise<MutatorReply> {
        const own = await firstValueFrom(praefect.voteTransaction({ branch }));
        const { voter } = await mutate(this.client, branch);
        return { voter: `${own.voter} and ${voter}` };
      }
    }

    @Module({
      imports: [
        BackchannelModule.forRoot({ server }),
        BackchannelModule.registerClient({
          name: 'UPSTREAM',
          url: upstream.url,
          ...gitalyProto,
          backchannel: praefectProto,
        }),
      ],
      controllers: [ProxyController, PraefectController],
    })
    class ProxyModule {}
    const app = closing(await NestFactory.create(ProxyModule, quiet));
    expect(connectBackchannel(app)).toHaveLength(2);
    await app.startAllMicroservices();

    expect(await mutateAt(urlOf(app.get(ListenMuxServer)))).toEqual({
      voter: 'praefect and praefect',
    });
  });

  it('has two clients, of which each serves what it was told to and no more', async () => {
    const both = {
      package: ['praefect', 'calls'],
      protoPath: [praefectProto.protoPath, callsProto.protoPath],
    };
    const listeners = [
      await startListener({ ...server, backchannel: both }, { controllers: [GitalyController] }),
      await startListener({ ...server, backchannel: both }, { controllers: [GitalyController] }),
    ] as const;

    @Module({
      imports: [
        BackchannelModule.registerClient({
          name: 'VOTES',
          url: listeners[0].url,
          ...gitalyProto,
          backchannel: praefectProto,
        }),
        BackchannelModule.registerClient({
          name: 'CALLS',
          url: listeners[1].url,
          ...gitalyProto,
          backchannel: callsProto,
        }),
      ],
      controllers: [PraefectController, CallsController],
    })
    class TwoClientsModule {}
    const app = closing(await NestFactory.create(TwoClientsModule, quiet));
    expect(connectBackchannel(app)).toHaveLength(2);
    await app.startAllMicroservices();
    await eventually(() => listeners.map(({ registry }) => registry.size)).toEqual([1, 1]);

    const results = listeners.map(({ registry }) => callBoth(registry.backchannel(1)));

    expect(await Promise.all(results)).toEqual([
      ['praefect', status.UNIMPLEMENTED],
      [status.UNIMPLEMENTED, 'hello'],
    ]);
  });
});

const codeOf = (error: { code: status }): status => error.code;

/** Calls both services of a peer; of those that fail, gives the code. */
function callBoth(conn: ClientConn): Promise<unknown[]> {
  const vote = conn.getService<Praefect>('Praefect').voteTransaction({});
  const echo = conn.getService<Calls>('Calls').echo({ text: 'hello' });
  return Promise.all([
    firstValueFrom(vote).then(({ voter }) => voter, codeOf),
    firstValueFrom(echo).then(({ text }) => text, codeOf),
  ]);
}
