import { once } from 'node:events';
import { Module, type BeforeApplicationShutdown, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { status } from '@grpc/grpc-js';
import { HealthImplementation, protoPath as healthProtoPath } from 'grpc-health-check';
import { firstValueFrom, type Observable } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import {
  BackchannelModule,
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  type BackchannelClient,
  type GrpcHealthImplementation,
} from 'nestjs-backchannel';
import { listen, urlOf } from '../../fixtures/nest/apps.js';
import { endOf, soon } from '../../fixtures/nest/end-of.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { directions, type Direction } from '../../fixtures/nest/pair.js';
import { callsProto } from '../../fixtures/nest/protos.js';
import {
  checkHealth,
  healthOf,
  standardParts,
  standardProto,
  startStandardPair,
  type Caller,
} from '../../fixtures/nest/standard-services.js';

/** What `Watch` tells of a service, until the call ends. */
function watch(caller: Caller, service: string) {
  const call = healthOf(caller).watch({ service });
  const told: string[] = [];
  call.on('data', (reply: { status: string }) => told.push(reply.status));
  call.on('error', () => {}); // Its status says it, too.
  const ended = new Promise<status>((resolve) => {
    call.once('status', ({ code }) => resolve(code));
  });
  return { told, call, ended };
}

/** Has an application say when it begins to shut down, and wait. */
function shutdownHook(run: () => Promise<void>) {
  const hook: BeforeApplicationShutdown = { beforeApplicationShutdown: run };
  return { provide: 'SHUTDOWN_HOOK', useValue: hook };
}

describe.each(directions)('health: true, asked by %s calls', (direction) => {
  it('is SERVING for the server and for what has a controller, and knows of nothing else', async () => {
    const { caller } = await startStandardPair(direction, { health: true });

    expect(await checkHealth(caller)).toBe('SERVING');
    expect(await checkHealth(caller, 'calls.Calls')).toBe('SERVING');
    for (const unknown of ['gitaly.Gitaly', 'calls.Nope']) {
      expect((await endOf(checkHealth(caller, unknown))).code).toBe(status.NOT_FOUND);
    }
  });

  it('tells who watches of the end, and does not wait for them', async () => {
    const { caller, serving } = await startStandardPair(direction, { health: true });
    const [server, service] = [watch(caller, ''), watch(caller, 'calls.Calls')];
    await Promise.all([once(server.call, 'data'), once(service.call, 'data')]);

    await soon(serving.close());

    expect(await server.ended).toBe(status.OK);
    expect(server.told).toEqual(['SERVING', 'NOT_SERVING']);
    expect(service.told).toEqual(['SERVING', 'NOT_SERVING']);
  });

  it('forgets who has watched', async () => {
    const health = new HealthImplementation();
    const { caller, serving } = await startStandardPair(direction, { health });
    const [one, other] = [watch(caller, ''), watch(caller, '')];
    await Promise.all([once(one.call, 'data'), once(other.call, 'data')]);
    const watchers = health['watchers'].get('')!;
    expect(watchers.size).toBe(2);

    one.call.cancel();
    await vi.waitFor(() => expect(watchers.size).toBe(1));
    await serving.close();

    await vi.waitFor(() => expect(watchers.size).toBe(0));
  });

  it('keeps and repeats little of the names that callers make up', async () => {
    const health = new HealthImplementation();
    const { caller } = await startStandardPair(direction, { health });
    const name = '\u00e9'.repeat(50_000);

    const { code, message } = await endOf(checkHealth(caller, name));
    const { call } = watch(caller, name);
    await once(call, 'data');
    expect(health['watchers'].has(name)).toBe(true);
    call.cancel();

    expect(code).toBe(status.NOT_FOUND);
    expect(message.length).toBeLessThan(200);
    await vi.waitFor(() => expect(health['watchers'].has(name)).toBe(false));
  });
});

describe('health: true', () => {
  it('answers plain clients, as the probes of orchestrators are', async () => {
    const { url } = await startListener({ ...standardProto, health: true }, standardParts);

    expect(await checkHealth(url)).toBe('SERVING');
  });

  it('of a peer is asked with the stubs of Nest, as any other service', async () => {
    const { url, registry } = await startListener(
      {
        ...callsProto,
        backchannel: {
          package: [callsProto.package, 'grpc.health.v1'],
          protoPath: [callsProto.protoPath, healthProtoPath],
          loader: { enums: String },
        },
      },
      standardParts,
    );
    const backchannel = { ...callsProto, health: true };
    await startDialer({ url, ...callsProto, backchannel }, standardParts);

    const health = registry
      .get(1)!
      .getService<{ check(request: object): Observable<object> }>('Health');

    expect(await firstValueFrom(health.check({ service: 'calls.Calls' }))).toEqual({
      status: 'SERVING',
    });
  });

  it('is SERVING again when the server listens again', async () => {
    const { server } = await startListener({ ...standardProto, health: true }, standardParts);

    await server.close();
    await new Promise((resolve) => void server.listen(resolve));

    expect(await checkHealth(urlOf(server), 'calls.Calls')).toBe('SERVING');
  });

  it.each<[Direction, (hook: object) => Promise<[app: INestApplication, caller: Caller]>]>([
    [
      'forward',
      async (hook) => {
        const app = await startHybrid(
          BackchannelModule.forRoot({
            server: { url: '127.0.0.1:0', ...standardProto, health: true },
          }),
          hook,
        );
        return [app, urlOf(app.get(ListenMuxServer))];
      },
    ],
    [
      'backchannel',
      async (hook) => {
        const { url, registry } = await startListener(
          { ...standardProto, backchannel: standardProto },
          standardParts,
        );
        const backchannel = { ...standardProto, health: true };
        const app = await startHybrid(
          BackchannelModule.registerClient({
            name: 'LISTENER',
            url,
            ...standardProto,
            backchannel,
          }),
          hook,
        );
        await app.get<BackchannelClient>(getBackchannelClientToken('LISTENER')).connect();
        return [app, registry.backchannel(1)];
      },
    ],
  ])(
    'is NOT_SERVING for %s calls as soon as the application shuts down, while it still answers',
    async (_direction, start) => {
      let said: string | undefined;
      const hook = shutdownHook(async () => {
        said ??= await checkHealth(caller, 'calls.Calls'); // closing again asks no more
      });
      const [app, caller] = await start(hook);
      expect(await checkHealth(caller, 'calls.Calls')).toBe('SERVING');

      await app.close();

      expect(said).toBe('NOT_SERVING');
    },
  );

  it('is off by default', async () => {
    const { url } = await startListener(standardProto, standardParts);

    expect((await endOf(checkHealth(url))).code).toBe(status.UNIMPLEMENTED);
  });

  it('fails the start with the package to install, when that is missing', async () => {
    vi.doMock('grpc-health-check', () => {
      throw new Error('Cannot find package');
    });
    const start = listen({ ...standardProto, health: true }, standardParts);

    await expect(start).rejects.toThrow(
      'the option "health" needs the package grpc-health-check, which cannot be loaded: npm install grpc-health-check',
    );
    vi.doUnmock('grpc-health-check');
  });
});

describe('health with an implementation', () => {
  it('leaves it the statuses that it has, and adds those that it lacks', async () => {
    const health = new HealthImplementation({ 'calls.Calls': 'NOT_SERVING', database: 'SERVING' });
    const { url } = await startListener({ ...standardProto, health }, standardParts);

    expect(await checkHealth(url, 'calls.Calls')).toBe('NOT_SERVING');
    expect(await checkHealth(url, 'database')).toBe('SERVING');
    expect(await checkHealth(url)).toBe('SERVING');
  });

  it('has it change statuses while the server runs', async () => {
    const health = new HealthImplementation();
    const { url } = await startListener({ ...standardProto, health }, standardParts);

    health.setStatus('calls.Calls', 'NOT_SERVING');

    expect(await checkHealth(url, 'calls.Calls')).toBe('NOT_SERVING');
    expect(await checkHealth(url)).toBe('SERVING');
  });

  it('makes SERVING what it has stopped, when the server listens again', async () => {
    const health = new HealthImplementation();
    const { server } = await startListener({ ...standardProto, health }, standardParts);

    await server.close();
    await new Promise((resolve) => void server.listen(resolve));

    expect(await checkHealth(urlOf(server), 'calls.Calls')).toBe('SERVING');
    expect(await checkHealth(urlOf(server))).toBe('SERVING');
  });

  it.each([null, 'yes', {}, { addToServer() {} }])('refuses %j', (health) => {
    const bad = { ...callsProto, health: health as unknown as GrpcHealthImplementation };

    expect(() => new ListenMuxServer(bad)).toThrow('"health" must be true, false, or have');
  });
});

/** Starts an application with an HTTP side, which shuts down in the order of most. */
async function startHybrid(
  backchannel: ReturnType<typeof BackchannelModule.forRoot>,
  hook: object,
): Promise<INestApplication> {
  @Module({
    imports: [backchannel],
    controllers: standardParts.controllers,
    providers: [hook as ReturnType<typeof shutdownHook>],
  })
  class AppModule {}
  const app = closing(await NestFactory.create(AppModule, { logger: false, abortOnError: false }));
  connectBackchannel(app);
  await app.startAllMicroservices();
  return app.init();
}
