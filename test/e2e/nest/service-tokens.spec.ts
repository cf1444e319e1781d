import { fromJSON } from '@grpc/proto-loader';
import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { firstValueFrom, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Backchannel, BackchannelClient, ListenMuxServer, serviceOf } from 'nestjs-backchannel';
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

const GitalyService = serviceOf<Gitaly>('gitaly.Gitaly');
const PraefectService = serviceOf<Praefect>('praefect.Praefect');

/** Calls its caller back with the stubs of a token. */
@Controller()
class TokenController {
  @GrpcMethod('Gitaly')
  mutator(
    @Payload() { branch }: MutatorRequest,
    @Backchannel(PraefectService) praefect: Praefect,
  ): Promise<MutatorReply> {
    return firstValueFrom(praefect.voteTransaction({ branch }));
  }

  @GrpcMethod('Gitaly')
  async mutatorOfAnyone(
    @Payload() { branch }: MutatorRequest,
    @Backchannel({ service: PraefectService, optional: true }) praefect?: Praefect,
  ): Promise<MutatorReply> {
    if (praefect === undefined) return { voter: 'nobody' };
    return firstValueFrom(praefect.voteTransaction({ branch }));
  }
}

describe('the token of a service', () => {
  const backchannel = { ...praefectProto, services: [PraefectService] };

  it('gives the stubs of both sides, and those of handlers', async () => {
    const { registry, url } = await startListener(
      { ...gitalyProto, services: [GitalyService], backchannel },
      { controllers: [TokenController] },
    );
    const { client } = await startDialer(
      { url, ...gitalyProto, services: [GitalyService], backchannel },
      { controllers: [PraefectController] },
    );
    const peer = await registry.waitFor();
    const vote = { voter: 'praefect' };

    const gitaly = client.getService(GitalyService);
    expect(await firstValueFrom(gitaly.mutator({ branch: 'main' }))).toEqual(vote);
    expect(await firstValueFrom(gitaly.mutatorOfAnyone({ branch: 'main' }))).toEqual(vote);
    for (const stubs of [peer, peer.backchannel]) {
      const praefect = stubs.getService(PraefectService);
      expect(await firstValueFrom(praefect.voteTransaction({}))).toEqual(vote);
    }
  });

  it('may be optional for plain clients', async () => {
    const { url } = await startListener(
      { ...gitalyProto, backchannel },
      { controllers: [TokenController] },
    );
    const { ClientGrpcProxy } = await import('@nestjs/microservices');
    const plain = new ClientGrpcProxy({ url, ...gitalyProto });

    const gitaly = plain.getService<Gitaly>('Gitaly');
    expect(await firstValueFrom(gitaly.mutatorOfAnyone({}))).toEqual({ voter: 'nobody' });
    plain.close();
  });

  it.each([
    ['its name', serviceOf<Praefect>('Praefect')],
    ['its name and package', PraefectService],
  ])('names a service by %s', async (_what, token) => {
    const { registry, url } = await startListener(
      { ...gitalyProto, backchannel: praefectProto },
      { controllers: [GitalyController] },
    );
    await startDialer(
      { url, ...gitalyProto, backchannel: praefectProto },
      { controllers: [PraefectController] },
    );
    const praefect = (await registry.waitFor()).getService(token);

    expect(await firstValueFrom(praefect.voteTransaction({}))).toEqual({ voter: 'praefect' });
  });

  it.each(['nope.Praefect', 'praefect.Nope', 'Nope', 'praefect'])(
    'fails when the service does not exist: %s',
    async (name) => {
      const { registry, url } = await startListener(
        { ...gitalyProto, backchannel: praefectProto },
        { controllers: [GitalyController] },
      );
      const { client } = await startDialer({
        url,
        ...gitalyProto,
        backchannel: praefectProto,
      });
      const peer = await registry.waitFor();
      const token = serviceOf<Praefect>(name);

      for (const stubs of [peer, client]) {
        expect(() => stubs.getService(token)).toThrow(`"${name}"`);
        expect(() => stubs.getService<Praefect>(name)).toThrow(`"${name}"`);
      }
    },
  );
});

describe('services of one name in two packages', () => {
  type Run = (request: { text?: string }) => Observable<{ text?: string }>;
  const Old = serviceOf<{ runOld: Run }>('v1.Agent');
  const New = serviceOf<{ runNew: Run }>('v2.Agent');

  const message = { fields: { text: { type: 'string', id: 1 } } };
  const packageOf = (rpc: string) => ({
    nested: {
      Text: message,
      Agent: { methods: { [rpc]: { requestType: 'Text', responseType: 'Text' } } },
    },
  });
  const root: object = { nested: { v1: packageOf('RunOld'), v2: packageOf('RunNew') } };
  const proto = { package: ['v1', 'v2'], packageDefinition: fromJSON(root) };

  @Controller()
  class AgentController {
    @GrpcMethod('Agent')
    runOld(): object {
      return { text: 'old' };
    }

    @GrpcMethod('Agent')
    runNew(): object {
      return { text: 'new' };
    }
  }

  it('are told apart by tokens with a package', async () => {
    const parts = { controllers: [AgentController] };
    const { registry, url } = await startListener({ ...proto, backchannel: proto }, parts);
    const { client } = await startDialer({ url, ...proto, backchannel: proto }, parts);
    const peer = await registry.waitFor();

    for (const stubs of [client, peer]) {
      const replies = [
        stubs.getService(Old).runOld({}),
        stubs.getService(New).runNew({}),
        stubs.getService<{ runOld: Run }>('Agent').runOld({}),
      ];
      expect(await Promise.all(replies.map((reply) => firstValueFrom(reply)))).toEqual([
        { text: 'old' },
        { text: 'new' },
        { text: 'old' },
      ]);
    }
  });

  it('have, under the name without a package, the one that is selected', async () => {
    const parts = { controllers: [AgentController] };
    const selecting = { ...proto, services: [New] };
    const { registry, url } = await startListener({ ...selecting, backchannel: selecting }, parts);
    const { client } = await startDialer({ url, ...selecting, backchannel: selecting }, parts);
    const peer = await registry.waitFor();

    for (const stubs of [client, peer]) {
      const { runNew } = stubs.getService<{ runNew: Run }>('Agent');
      expect(await firstValueFrom(runNew({}))).toEqual({ text: 'new' });
    }
    const { backchannel } = peer;
    expect(client.getClientByServiceName<object>('Agent')).toHaveProperty('runNew');
    expect(backchannel.getClientByServiceName<object>('Agent')).toHaveProperty('runNew');
  });

  it('are selected apart', () => {
    const selecting = { ...proto, services: [New] };
    const client = closing(new BackchannelClient({ ...selecting, lazy: true }));

    expect(Object.keys(client.getService(New))).toContain('runNew');
    expect(() => client.getService(Old)).toThrow(
      'there are no stubs of "v1.Agent": the option "services" has v2.Agent',
    );
    expect(
      () => new ListenMuxServer({ ...proto, services: [serviceOf<object>('v3.Agent')] }),
    ).toThrow(
      '"services" names "v3.Agent", which is not a service of its packages; those are: v1.Agent, v2.Agent',
    );
  });
});
