import { Injectable, Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelModule,
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  Registry,
  type BackchannelClient,
} from 'nestjs-backchannel';
import { dial, listen, urlOf } from '../../fixtures/nest/apps.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { closing } from '../../fixtures/nest/in-test.js';
import { nestMajor } from '../../fixtures/nest/major.js';
import { callsProto, type Calls } from '../../fixtures/nest/protos.js';

const services = { ...callsProto, backchannel: callsProto };

/** Remembers which of its hooks were called. */
@Injectable()
class Database {
  readonly called: string[] = [];

  onModuleInit(): void {
    this.called.push('onModuleInit');
  }

  onApplicationBootstrap(): void {
    this.called.push('onApplicationBootstrap');
  }
}

const each = ['onModuleInit', 'onApplicationBootstrap'];
const parts = { controllers: [CallsController], providers: [Database] };

type Step = 'connectBackchannel' | 'init' | 'startAllMicroservices' | 'listen';

const STEPS: Record<Step, (app: INestApplication) => unknown> = {
  connectBackchannel: (app) => connectBackchannel(app),
  init: (app) => app.init(),
  startAllMicroservices: (app) => app.startAllMicroservices(),
  listen: (app) => app.listen(0, '127.0.0.1'),
};

async function start(backchannel: DynamicModule, steps: Step[]): Promise<INestApplication> {
  @Module({ imports: [backchannel], ...parts })
  class AppModule {}
  const app = closing(await NestFactory.create(AppModule, { logger: false }));
  for (const step of steps) await STEPS[step](app);
  return app;
}

describe('lifecycle hooks of both sides', () => {
  it.each<[Step[]]>([
    [['connectBackchannel', 'init', 'startAllMicroservices']],
    [['connectBackchannel', 'init', 'startAllMicroservices', 'listen']],
    [['connectBackchannel', 'startAllMicroservices', 'listen']],
    [['init', 'connectBackchannel', 'startAllMicroservices']],
  ])('are called once each by %j', async (steps) => {
    const server = { url: '127.0.0.1:0', ...services };
    const listening = await start(BackchannelModule.forRoot({ server }), steps);
    const url = urlOf(listening.get(ListenMuxServer));
    const client = { name: 'HUB', url, ...services };
    const dialing = await start(BackchannelModule.registerClient(client), steps);
    const peer = await listening.get(Registry).waitFor();
    const forward = dialing.get<BackchannelClient>(getBackchannelClientToken('HUB'));

    for (const caller of [peer, forward]) {
      const calls = caller.getService<Calls>('Calls');
      expect(await firstValueFrom(calls.echo({ text: 'hello' }))).toEqual({ text: 'hello' });
    }

    expect(listening.get(Database).called).toEqual(each);
    expect(dialing.get(Database).called).toEqual(each);
  });

  it('are called once each in applications without HTTP', async () => {
    const listening = await listen(services, parts);
    closing(listening.app);
    const dialing = await dial({ url: listening.url, ...services }, parts);
    closing(dialing.app);
    await listening.registry.waitFor();

    expect(listening.app.get(Database).called).toEqual(each);
    expect(dialing.app.get(Database).called).toEqual(each);
  });
});

/** Its hook fails once. */
@Injectable()
class Failing {
  #hasFailed = false;

  beforeApplicationShutdown(): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    throw new Error('busy');
  }
}

describe('a shutdown hook that fails', () => {
  async function close(): Promise<unknown> {
    @Module({
      imports: [BackchannelModule.forRoot({ server: { url: '127.0.0.1:0', ...services } })],
      controllers: [CallsController],
      providers: [Failing],
    })
    class AppModule {}
    const app = closing(await NestFactory.create(AppModule, { logger: false }));
    connectBackchannel(app);
    await app.init();
    await app.startAllMicroservices();
    const result = await app.close().then(
      () => 'closed',
      ({ message }: Error) => message,
    );
    return { result, listens: app.get(ListenMuxServer).address !== null };
  }

  it.runIf(nestMajor >= 12)('does not keep the server from closing', async () => {
    expect(await close()).toEqual({ result: 'closed', listens: false });
  });

  it.runIf(nestMajor < 12)('fails app.close() with Nest 11 before it closes a server', async () => {
    expect(await close()).toEqual({ result: 'busy', listens: true });
  });
});
