import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod } from '@nestjs/microservices';
import { status } from '@grpc/grpc-js';
import { firstValueFrom, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelClient,
  BackchannelModule,
  connectBackchannel,
  ListenMuxServer,
} from 'nestjs-backchannel';
import { urlOf } from '../../fixtures/nest/apps.js';
import { closing, startListener } from '../../fixtures/nest/in-test.js';
import { logLinesOf } from '../../fixtures/nest/log-lines.js';
import { callsProto, gitalyProto, praefectProto } from '../../fixtures/nest/protos.js';

/** Packages with a service for each direction. */
const proto = {
  package: ['gitaly', 'praefect'],
  protoPath: [gitalyProto.protoPath, praefectProto.protoPath],
};

@Controller()
class HubController {
  @GrpcMethod('Gitaly', 'Identify')
  identify(): object {
    return { peerId: 7 };
  }
}

@Controller()
class AgentController {
  @GrpcMethod('Praefect', 'VoteTransaction')
  vote(): object {
    return { voter: 'agent' };
  }
}

const controllers = [HubController, AgentController];

type Method = (request: object) => Observable<object>;

/** What a call of each service says, made with a client that knows both. */
async function answersOf(client: Pick<BackchannelClient, 'getService'>): Promise<unknown[]> {
  const calls = [
    ['Gitaly', 'identify'],
    ['Praefect', 'voteTransaction'],
  ] as const;
  return Promise.all(
    calls.map(([service, method]) => {
      const stub = client.getService<Record<string, Method>>(service);
      return firstValueFrom(stub[method]!({})).catch(({ code }) => code as unknown);
    }),
  );
}

/** An application that relays: listens, and dials `upstream`, with the same packages. */
async function startRelay(upstream: string, hubServices?: string[], agentServices?: string[]) {
  const backchannel = { ...proto, ...(agentServices && { services: agentServices }) };

  @Module({
    imports: [
      BackchannelModule.forRoot({
        server: {
          url: '127.0.0.1:0',
          ...proto,
          ...(hubServices && { services: hubServices }),
          backchannel: proto,
        },
      }),
      BackchannelModule.registerClient({ name: 'UP', url: upstream, ...proto, backchannel }),
    ],
    controllers,
  })
  class RelayModule {}

  const app = closing(await NestFactory.create(RelayModule, { logger: false }));
  connectBackchannel(app);
  await app.init();
  await app.startAllMicroservices();
  return { url: urlOf(app.get(ListenMuxServer)) };
}

/** A client that serves nothing. */
const dial = (url: string): BackchannelClient => closing(new BackchannelClient({ url, ...proto }));

const answered = [{ peerId: 7 }, { voter: 'agent' }];
const onlyHub = [{ peerId: 7 }, status.UNIMPLEMENTED];
const onlyAgent = [status.UNIMPLEMENTED, { voter: 'agent' }];

describe('an application that listens and dials with the same packages', () => {
  it('serves all handlers on both sides, and warns of it once', async () => {
    const lines = logLinesOf('BackchannelModule');
    const upstream = await startListener({ ...proto, backchannel: proto });

    const relay = await startRelay(upstream.url);

    const peer = await upstream.registry.waitFor();
    expect(await answersOf(peer)).toEqual(answered);
    expect(await answersOf(dial(relay.url))).toEqual(answered);
    expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      expect.stringMatching(
        /^warn: handlers of gitaly\.Gitaly, praefect\.Praefect are served on both sides, to whoever dials the listening side and to the other end of the client "UP": name .*"server\.services".*"backchannel\.services"/,
      ),
    ]);
  });

  it.each<[hub: string[], agent: string[]]>([
    [['Gitaly'], ['Praefect']],
    [['gitaly.Gitaly'], ['praefect.Praefect']],
  ])('serves what each side names and nothing else: %j, %j', async (hub, agent) => {
    const lines = logLinesOf('BackchannelModule');
    const upstream = await startListener({ ...proto, backchannel: proto });

    const relay = await startRelay(upstream.url, hub, agent);

    expect(await answersOf(await upstream.registry.waitFor())).toEqual(onlyAgent);
    expect(await answersOf(dial(relay.url))).toEqual(onlyHub);
    expect(lines).toEqual([]);
  });

  it('does not warn where both sides name a service', async () => {
    const lines = logLinesOf('BackchannelModule');

    await startRelay('127.0.0.1:1', ['Gitaly', 'Praefect'], ['Praefect']);

    expect(lines).toEqual([]);
  });

  it('warns where only one side names what the other serves as well', async () => {
    const lines = logLinesOf('BackchannelModule');

    await startRelay('127.0.0.1:1', ['Gitaly']);

    expect(lines.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^handlers of gitaly\.Gitaly are served on both sides/),
    ]);
  });
});

describe('the option services', () => {
  const both = 'those are: Gitaly, Praefect';

  it.each<[where: string, make: () => unknown]>([
    ['services', () => new ListenMuxServer({ ...proto, services: ['Nope'] })],
    ['services', () => new BackchannelClient({ ...proto, services: ['Nope'] })],
    [
      'backchannel.services',
      () => new ListenMuxServer({ ...callsProto, backchannel: { ...proto, services: ['Nope'] } }),
    ],
    [
      'backchannel.services',
      () => new BackchannelClient({ ...callsProto, backchannel: { ...proto, services: ['Nope'] } }),
    ],
  ])('refuses a name that is in no package: %s', (where, make) => {
    expect(make).toThrow(
      `"${where}" names "Nope", which is not a service of its packages; ${both}`,
    );
  });

  it('leaves stubs of the named services only', async () => {
    const client = closing(new BackchannelClient({ ...proto, services: ['Gitaly'], lazy: true }));

    expect(Object.keys(client.getService('Gitaly'))).toContain('identify');
    expect(() => client.getService('Praefect')).toThrow(
      'there are no stubs of "Praefect": the option "services" has Gitaly',
    );
  });
});
