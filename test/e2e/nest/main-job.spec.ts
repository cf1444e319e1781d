import { credentials, loadPackageDefinition, status, type Client } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Injectable } from '@nestjs/common';
import { ClientProxyFactory, Transport, type ClientGrpcProxy } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Registry, type BackchannelClient } from 'nestjs-backchannel';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { GitalyController, PraefectController } from '../../fixtures/nest/mutator.controllers.js';
import {
  gitalyProto,
  praefectProto,
  type Gitaly,
  type MutatorReply,
  type MutatorRequest,
  type Praefect,
} from '../../fixtures/nest/protos.js';

/** What code outside of any handler does with the registry. */
@Injectable()
class VoteCollector {
  constructor(private readonly registry: Registry) {}

  async collect(peerId: number, branch: string): Promise<string> {
    const praefect = this.registry.backchannel(peerId).getService<Praefect>('Praefect');
    return (await firstValueFrom(praefect.voteTransaction({ branch }))).voter;
  }
}

const startGitaly = () =>
  startListener(
    { ...gitalyProto, backchannel: praefectProto },
    { controllers: [GitalyController], providers: [VoteCollector] },
  );

const startPraefect = (url: string) =>
  startDialer(
    { url, ...gitalyProto, backchannel: praefectProto },
    { controllers: [PraefectController] },
  );

const gitalyOf = (client: Pick<BackchannelClient, 'getService'>): Gitaly =>
  client.getService<Gitaly>('Gitaly');

/** Nest's own gRPC client, which knows nothing of backchannels. */
function stockNestClient(url: string): Gitaly {
  const client = ClientProxyFactory.create({
    transport: Transport.GRPC,
    options: { url, ...gitalyProto },
  }) as unknown as ClientGrpcProxy;
  return closing(client).getService<Gitaly>('Gitaly');
}

const failedPrecondition = expect.objectContaining({
  code: status.FAILED_PRECONDITION,
  details: expect.stringContaining('must connect through a backchannel client') as unknown,
});

describe('a mutator', () => {
  it('gets the vote of its caller through a typed stub before it answers', async () => {
    const { url } = await startGitaly();
    const { app, client } = await startPraefect(url);

    const reply = await firstValueFrom(gitalyOf(client).mutator({ branch: 'main' }));

    expect(reply).toEqual({ voter: 'praefect' });
    expect(app.get(PraefectController).branches).toEqual(['main']);
  });

  it('gets the vote through the ClientConn of its caller', async () => {
    const { url } = await startGitaly();
    const { client } = await startPraefect(url);

    const reply = await firstValueFrom(gitalyOf(client).mutatorThroughConn({ branch: 'main' }));

    expect(reply).toEqual({ voter: 'praefect' });
  });

  it('gets stub and connection of a multiplexed caller when they are optional', async () => {
    const { url } = await startGitaly();
    const { client } = await startPraefect(url);

    const reply = await firstValueFrom(gitalyOf(client).mutatorOfAnyone({ branch: 'main' }));

    expect(reply).toEqual({ voter: 'praefect' });
  });

  it('knows its caller by id, and different callers by different ids', async () => {
    const { url, registry } = await startGitaly();
    const first = await startPraefect(url);
    const second = await startPraefect(url);

    const ids = await Promise.all(
      [first, second, first].map(({ client }) => firstValueFrom(gitalyOf(client).identify({}))),
    );

    expect(ids[0]).toEqual(ids[2]);
    expect(ids[0]).not.toEqual(ids[1]);
    expect(registry.size).toBe(2);
  });

  it('knows a caller by id that it would also take without one', async () => {
    const { url } = await startGitaly();
    const { client } = await startPraefect(url);

    const { peerId } = await firstValueFrom(gitalyOf(client).identify({}));

    expect(await firstValueFrom(gitalyOf(client).identifyAnyone({}))).toEqual({ peerId });
  });
});

describe('a stock Nest gRPC client on the same port', () => {
  it('is served, without stub, connection or id, where those are optional', async () => {
    const gitaly = stockNestClient((await startGitaly()).url);

    expect(await firstValueFrom(gitaly.mutatorOfAnyone({}))).toEqual({ voter: 'nobody' });
    expect(await firstValueFrom(gitaly.identifyAnyone({}))).toEqual({});
  });

  it.each(['mutator', 'mutatorThroughConn', 'identify'] as const)(
    'gets FAILED_PRECONDITION and what to do about it from %s, which needs a peer',
    async (method) => {
      const gitaly = stockNestClient((await startGitaly()).url);

      await expect(firstValueFrom<unknown>(gitaly[method]({}))).rejects.toEqual(failedPrecondition);
    },
  );
});

describe('a stock grpc-js client on the same port', () => {
  interface GitalyStub extends Client {
    mutator(request: MutatorRequest, callback: (error: Error | null) => void): void;
    mutatorOfAnyone(
      request: MutatorRequest,
      callback: (error: Error | null, reply?: MutatorReply) => void,
    ): void;
  }

  function stockStub(url: string): GitalyStub {
    const { gitaly } = loadPackageDefinition(loadSync(gitalyProto.protoPath)) as unknown as {
      gitaly: { Gitaly: new (url: string, insecure: typeof plain) => GitalyStub };
    };
    const plain = credentials.createInsecure();
    return closing(new gitaly.Gitaly(url, plain));
  }

  it('is served where a peer is optional', async () => {
    const stub = stockStub((await startGitaly()).url);

    const reply = await new Promise((resolve) => {
      stub.mutatorOfAnyone({}, (error, value) => resolve(error ?? value));
    });

    expect(reply).toEqual({ voter: 'nobody' });
  });

  it('gets FAILED_PRECONDITION where a peer is needed', async () => {
    const stub = stockStub((await startGitaly()).url);

    const error = await new Promise((resolve) => stub.mutator({}, resolve));

    expect(error).toEqual(failedPrecondition);
  });

  it('does not become a peer, while multiplexed clients of the same port do', async () => {
    const { url, registry } = await startGitaly();
    const stub = stockStub(url);
    const { client } = await startPraefect(url);

    await new Promise((resolve) => {
      stub.mutatorOfAnyone({}, resolve);
    });
    await firstValueFrom(gitalyOf(client).mutator({}));

    expect(registry.size).toBe(1);
  });
});

describe('the injected Registry', () => {
  it('calls a peer outside of any handler', async () => {
    const { app, url } = await startGitaly();
    const { client } = await startPraefect(url);
    const { peerId } = await firstValueFrom(gitalyOf(client).identify({}));

    expect(await app.get(VoteCollector).collect(peerId, 'main')).toBe('praefect');
  });

  it('names the id of a peer that is not there', async () => {
    const { app } = await startGitaly();

    await expect(app.get(VoteCollector).collect(4711, 'main')).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      message: expect.stringContaining('no backchannel for peer 4711') as unknown,
    });
  });

  it('no longer has a peer that closed its application', async () => {
    const { app, url } = await startGitaly();
    const praefect = await startPraefect(url);
    const { peerId } = await firstValueFrom(gitalyOf(praefect.client).identify({}));

    await praefect.app.close();

    await eventually(() => app.get(Registry).size).toBe(0);
    await expect(app.get(VoteCollector).collect(peerId, 'main')).rejects.toThrow(`peer ${peerId}:`);
  });
});
