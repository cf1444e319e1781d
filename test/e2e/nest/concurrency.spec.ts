import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Backchannel, getBackchannelClientToken, type BackchannelClient } from 'nestjs-backchannel';
import { startDialer, startListener } from '../../fixtures/nest/in-test.js';
import {
  GitalyController,
  PraefectController,
  VOTER,
} from '../../fixtures/nest/mutator.controllers.js';
import {
  gitalyProto,
  praefectProto,
  type Gitaly,
  type Identity,
  type MutatorReply,
  type MutatorRequest,
  type Praefect,
} from '../../fixtures/nest/protos.js';

const servers = { ...gitalyProto, backchannel: praefectProto };

/** Answers no vote before `PATIENCE` of them wait for their answers. */
const PATIENCE = 64;

@Controller()
class PatientPraefectController {
  #waiting: (() => void)[] = [];

  @GrpcMethod('Praefect')
  async voteTransaction({ branch = '' }: MutatorRequest): Promise<MutatorReply> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length < PATIENCE) return;
      for (const answer of this.#waiting) answer();
    });
    return { voter: branch };
  }
}

/** Both of these pass a call on to the other, with one less to go, until there are none. */
@Controller()
class BouncingGitalyController {
  @GrpcMethod('Gitaly')
  mutator(
    @Payload() { branch }: MutatorRequest,
    @Backchannel('Praefect') praefect: Praefect,
  ): Promise<MutatorReply> | MutatorReply {
    const left = Number(branch);
    if (left === 0) return { voter: 'gitaly' };
    return firstValueFrom(praefect.voteTransaction({ branch: String(left - 1) }));
  }
}

@Controller()
class BouncingPraefectController {
  constructor(
    @Inject(getBackchannelClientToken('LISTENER')) private readonly client: BackchannelClient,
  ) {}

  @GrpcMethod('Praefect')
  voteTransaction({ branch }: MutatorRequest): Promise<MutatorReply> | MutatorReply {
    const left = Number(branch);
    if (left === 0) return { voter: 'praefect' };
    const gitaly = this.client.getService<Gitaly>('Gitaly');
    return firstValueFrom(gitaly.mutator({ branch: String(left - 1) }));
  }
}

describe('64 mutators at once on one connection', () => {
  it('all get the votes of their one caller, which answers none before it was asked by all', async () => {
    const { url } = await startListener(servers, { controllers: [GitalyController] });
    const { client } = await startDialer(
      { url, ...servers },
      { controllers: [PatientPraefectController] },
    );
    const gitaly = client.getService<Gitaly>('Gitaly');
    const branches = Array.from({ length: PATIENCE }, (_, index) => `branch-${index}`);

    const replies = await Promise.all(
      branches.map((branch) => firstValueFrom(gitaly.mutator({ branch }))),
    );

    expect(replies).toEqual(branches.map((voter) => ({ voter })));
  });

  it('bounce to and fro many times, and each comes to its end', async () => {
    const { url } = await startListener(servers, { controllers: [BouncingGitalyController] });
    const { client } = await startDialer(
      { url, ...servers },
      { controllers: [BouncingPraefectController] },
    );
    const gitaly = client.getService<Gitaly>('Gitaly');

    const replies = await Promise.all(
      Array.from({ length: 64 }, (_, bounces) =>
        firstValueFrom(gitaly.mutator({ branch: String(bounces) })),
      ),
    );

    expect(replies).toEqual(
      replies.map((_, bounces) => ({ voter: bounces % 2 === 0 ? 'gitaly' : 'praefect' })),
    );
  });
});

describe('25 clients at once', () => {
  const names = Array.from({ length: 25 }, (_, index) => `praefect-${index}`);

  async function startAll() {
    const listener = await startListener(servers, { controllers: [GitalyController] });
    const clients = await Promise.all(
      names.map(async (name) => {
        const { client } = await startDialer(
          { url: listener.url, ...servers },
          { controllers: [PraefectController], providers: [{ provide: VOTER, useValue: name }] },
        );
        return client.getService<Gitaly>('Gitaly');
      }),
    );
    return { registry: listener.registry, clients };
  }

  it('each get their own vote only, whatever the others do', async () => {
    const { clients } = await startAll();

    const voters = await Promise.all(
      clients.map(async (gitaly) => {
        const replies = Array.from({ length: 20 }, (_, index) =>
          firstValueFrom(gitaly.mutator({ branch: `branch-${index}` })),
        );
        return new Set((await Promise.all(replies)).map(({ voter }) => voter));
      }),
    );

    expect(voters).toEqual(names.map((name) => new Set([name])));
  });

  it('are each found in the registry under the id that the listening side knows them by', async () => {
    const { registry, clients } = await startAll();
    const ids: Identity[] = await Promise.all(
      clients.map((gitaly) => firstValueFrom(gitaly.identify({}))),
    );

    const votes = await Promise.all(
      ids.map(({ peerId }) => {
        const praefect = registry.backchannel(peerId).getService<Praefect>('Praefect');
        return firstValueFrom(praefect.voteTransaction({ branch: 'main' }));
      }),
    );

    expect(votes.map(({ voter }) => voter)).toEqual(names);
    expect(registry.size).toBe(25);
  });
});
