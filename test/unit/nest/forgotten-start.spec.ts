import { Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  BackchannelModule,
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  Registry,
} from 'nestjs-backchannel';
import { createTestPair, TestClient, TestRegistry } from 'nestjs-backchannel/testing';
import { closing } from '../../fixtures/nest/in-test.js';
import { logLinesOf } from '../../fixtures/nest/log-lines.js';
import { callsProto } from '../../fixtures/nest/protos.js';

const services = { ...callsProto, backchannel: callsProto };
const quiet = { logger: false, abortOnError: false } as const;
const listening = (): DynamicModule =>
  BackchannelModule.forRoot({ server: { url: '127.0.0.1:0', ...services } });
const dialing = (): DynamicModule =>
  BackchannelModule.registerClient({ name: 'HUB', url: '127.0.0.1:1', lazy: true, ...services });

/** Something that misses its hook if the application is not initialized. */
class Database {
  onModuleInit(): void {}
}

type Step = 'connect' | 'start' | 'init' | 'listen';

const STEPS: Record<Step, (app: INestApplication) => unknown> = {
  connect: (app) => connectBackchannel(app),
  start: (app) => app.startAllMicroservices(),
  init: (app) => app.init(),
  listen: (app) => app.listen(0, '127.0.0.1'),
};

function moduleOf(imports: DynamicModule[], providers: [] | [typeof Database] = []): DynamicModule {
  @Module({ imports, providers })
  class AppModule {}
  return { module: AppModule };
}

/** What is warned of until three seconds after these steps. */
async function warningsAfter(run: () => Promise<unknown>): Promise<string[]> {
  const lines = logLinesOf('BackchannelModule');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  await run();
  vi.advanceTimersByTime(3000);
  vi.useRealTimers();
  return lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
}

async function start(module: DynamicModule, steps: Step[]): Promise<void> {
  const app = closing(await NestFactory.create(module, quiet));
  for (const step of steps) await STEPS[step](app);
}

describe.each<[side: string, call: string, DynamicModule]>([
  ['listening', 'BackchannelModule.forRoot: nothing listens', moduleOf([listening()])],
  [
    'dialing',
    'BackchannelModule.registerClient of "HUB": nothing is served to the other end',
    moduleOf([dialing()]),
  ],
])('the %s side of an application', (_side, says, module) => {
  it.each<[Step[]]>([[['init']], [['listen']]])(
    'warns with the lines to add if it was never connected: %j',
    async (steps) => {
      expect(await warningsAfter(() => start(module, steps))).toEqual([
        `${says}: add "connectBackchannel(app); await app.startAllMicroservices();" after NestFactory.create`,
      ]);
    },
  );

  it.each<[Step[]]>([
    [['connect', 'init']],
    [['connect', 'listen']],
    [['init', 'connect']],
    [['start', 'connect', 'listen']],
  ])('warns with the line to add if it was never started: %j', async (steps) => {
    expect(await warningsAfter(() => start(module, steps))).toEqual([
      `${says}: add "await app.startAllMicroservices();" after connectBackchannel(app)`,
    ]);
  });

  it.each<[Step[]]>([
    [['connect', 'start', 'listen']],
    [['connect', 'start', 'init']],
    [['connect', 'init', 'start']],
    [['connect', 'listen', 'start']],
    [['init', 'connect', 'start']],
    [['listen', 'connect', 'start']],
    [['connect', 'start']],
  ])('does not warn when it is started: %j', async (steps) => {
    expect(await warningsAfter(() => start(module, steps))).toEqual([]);
  });

  it('does not warn when its strategy was connected by hand', async () => {
    const run = async (): Promise<void> => {
      const app = closing(await NestFactory.create(moduleOf([listening()]), quiet));
      app.connectMicroservice({ strategy: app.get(ListenMuxServer) });
      await app.startAllMicroservices();
      await app.init();
    };

    expect(await warningsAfter(run)).toEqual([]);
  });
});

describe('an application without HTTP', () => {
  it('does not warn as a microservice, and none of its hooks is missed', async () => {
    const run = async (): Promise<void> => {
      const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(
        moduleOf([listening()], [Database]),
        {
          useFactory: (strategy: ListenMuxServer) => ({ strategy }),
          inject: [ListenMuxServer],
          ...quiet,
        },
      );
      await closing(app).listen();
    };

    expect(await warningsAfter(run)).toEqual([]);
  });

  it('does not warn as a context, which serves nothing on purpose', async () => {
    const run = async (): Promise<void> => {
      closing(await NestFactory.createApplicationContext(moduleOf([listening()]), quiet));
    };

    expect(await warningsAfter(run)).toEqual([]);
  });
});

describe('hooks of an application that serves calls', () => {
  it('are warned of once if they have not been called', async () => {
    const module = moduleOf([listening(), dialing()], [Database]);

    expect(await warningsAfter(() => start(module, ['connect', 'start']))).toEqual([
      expect.stringMatching(/onModuleInit .* have not been called: add "await app\.init\(\);"/),
    ]);
  });

  it.each<[Step[]]>([[['connect', 'start', 'init']], [['connect', 'init', 'start']]])(
    'are not warned of if they have: %j',
    async (steps) => {
      const module = moduleOf([listening()], [Database]);

      expect(await warningsAfter(() => start(module, steps))).toEqual([]);
    },
  );
});

describe('nestjs-backchannel/testing', () => {
  it('does not warn of the applications of a pair', async () => {
    const pair = { listening: moduleOf([listening()]), dialing: moduleOf([dialing()]) };

    expect(await warningsAfter(async () => closing(await createTestPair(pair)))).toEqual([]);
  });

  it('does not warn of stand-ins, which need no connection', async () => {
    const run = async (): Promise<void> => {
      const builder = Test.createTestingModule({ imports: [listening(), dialing()] })
        .overrideProvider(Registry)
        .useValue(new TestRegistry())
        .overrideProvider(getBackchannelClientToken('HUB'))
        .useValue(new TestClient());
      await closing((await builder.compile()).createNestApplication()).init();
    };

    expect(await warningsAfter(run)).toEqual([]);
  });
});
