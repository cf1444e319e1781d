import { Controller, Get, Inject, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheckService, TerminusModule, type HealthCheckResult } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import {
  BackchannelHealthIndicator,
  BackchannelModule,
  connectBackchannel,
  getBackchannelClientToken,
  ListenMuxServer,
  Registry,
  type BackchannelClient,
  type BackchannelHealth,
  type BackchannelHealthOptions,
} from 'nestjs-backchannel';
import { listen, urlOf } from '../../fixtures/nest/apps.js';
import { CallsController } from '../../fixtures/nest/calls.controller.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { callsProto } from '../../fixtures/nest/protos.js';

const services = { ...callsProto, backchannel: callsProto };
const parts = { controllers: [CallsController] };
const quiet = { logger: false, abortOnError: false } as const;

const listening = (): DynamicModule =>
  BackchannelModule.forRoot({ server: { url: '127.0.0.1:0', ...services } });

const dialing = (name: string, url: string, lazy = false): DynamicModule =>
  BackchannelModule.registerClient({ name, url, ...services, lazy });

/** An application with health checks of Terminus over HTTP. */
async function startChecked(imports: DynamicModule[], options?: BackchannelHealthOptions) {
  @Controller('health')
  class HealthController {
    constructor(
      @Inject(HealthCheckService) private readonly health: HealthCheckService,
      @Inject(BackchannelHealthIndicator) readonly backchannel: BackchannelHealthIndicator,
    ) {}

    @Get()
    check() {
      return this.health.check([() => this.backchannel.isHealthy('backchannel', options)]);
    }
  }

  @Module({
    imports: [TerminusModule.forRoot({ logger: false }), ...imports],
    controllers: [HealthController, ...parts.controllers],
  })
  class AppModule {}

  const app = closing(await NestFactory.create(AppModule, quiet));
  connectBackchannel(app);
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const url = `${await app.getUrl()}/health`;
  return {
    app,
    client: (name: string) => app.get<BackchannelClient>(getBackchannelClientToken(name)),
    /** What the endpoint says. */
    ask: async () => {
      const response = await fetch(url);
      return { code: response.status, body: (await response.json()) as HealthCheckResult };
    },
  };
}

/** What `ask` has, of the backchannel alone. */
async function statusOf(ask: () => Promise<{ code: number; body: HealthCheckResult }>) {
  const { code, body } = await ask();
  return { code, ...(body.details['backchannel'] as BackchannelHealth) };
}

describe('BackchannelHealthIndicator with Terminus', () => {
  it('is up while the listening side listens, and tells where and how many peers it has', async () => {
    const { app, ask } = await startChecked([listening()]);
    const address = urlOf(app.get(ListenMuxServer));
    await startDialer({ url: address, ...services }, parts);

    const { code, body } = await ask();

    const backchannel = { status: 'up', listeners: [{ address, peers: 1 }], clients: [] };
    expect(code).toBe(200);
    expect(body).toEqual({
      status: 'ok',
      info: { backchannel },
      error: {},
      details: { backchannel },
    });
  });

  it('is down, with 503, as long as there are fewer peers than minPeers', async () => {
    const { app, ask } = await startChecked([listening()], { minPeers: 1 });

    const { code, body } = await ask();
    expect(code).toBe(503);
    expect(body.status).toBe('error');
    expect(body.error).toMatchObject({
      backchannel: { status: 'down', message: '0 of 1 peers are connected' },
    });

    await startDialer({ url: urlOf(app.get(ListenMuxServer)), ...services }, parts);
    expect(await statusOf(ask)).toMatchObject({ code: 200, status: 'up' });
  });

  it('is down while the listening side does not listen', async () => {
    const { app, ask } = await startChecked([listening()]);

    await app.get(ListenMuxServer).close();

    expect(await statusOf(ask)).toEqual({
      code: 503,
      status: 'down',
      message: 'the listening side does not listen',
      listeners: [{ address: null, peers: 0 }],
      clients: [],
    });
  });

  it('is up while a client is connected, and down with the reason while it is not', async () => {
    const first = await listen(services, parts);
    const { client, ask } = await startChecked([dialing('HUB', first.url)]);
    await client('HUB').connect();
    expect(await statusOf(ask)).toEqual({
      code: 200,
      status: 'up',
      listeners: [],
      clients: [{ name: 'HUB', state: 'ready' }],
    });

    await first.app.close();
    await eventually(() => client('HUB').connection.state).not.toBe('ready');
    const down = await statusOf(ask);
    expect(down).toMatchObject({ code: 503, status: 'down' });
    expect(down.message).toMatch(/^client "HUB" is not connected: ./);

    await startListener({ ...services, url: first.url }, parts);
    await client('HUB').connect();
    expect(await statusOf(ask)).toMatchObject({ code: 200, status: 'up' });
  });

  it('asks for every client that is to stay connected, or for those that are named', async () => {
    const { url } = await startListener(services, parts);
    const gone = await listen(services, parts);
    await gone.app.close();
    const clients = () => [
      dialing('HUB', url),
      dialing('GONE', gone.url),
      dialing('LATER', url, true),
    ];

    const all = await startChecked(clients());
    await all.client('HUB').connect();
    expect((await statusOf(all.ask)).message).toMatch(/^client "GONE" is not connected: [^;]*$/);

    const named = await startChecked(clients(), { clients: ['HUB'] });
    await named.client('HUB').connect();
    expect(await statusOf(named.ask)).toMatchObject({ code: 200, status: 'up' });

    const lazy = await startChecked(clients(), { clients: ['LATER'] });
    expect((await statusOf(lazy.ask)).message).toBe('client "LATER" is not connected: idle');
  });
});

describe('BackchannelHealthIndicator', () => {
  it('tells of the whole application, whichever module it is from', async () => {
    const { url } = await startListener(services, parts);
    @Module({ imports: [dialing('ONE', url)] })
    class OneModule {}
    @Module({ imports: [dialing('TWO', url)] })
    class TwoModule {}
    @Module({ imports: [listening(), OneModule, TwoModule], ...parts })
    class AppModule {}
    const app = closing(await NestFactory.create(AppModule, quiet));
    connectBackchannel(app);
    await app.startAllMicroservices();
    const address = urlOf(app.get(ListenMuxServer));

    const indicators = app.get(BackchannelHealthIndicator, { strict: false, each: true });

    expect(indicators).toHaveLength(3);
    for (const indicator of indicators as unknown as BackchannelHealthIndicator[]) {
      const { listeners, clients } = indicator.check({ clients: [] });
      expect(listeners).toEqual([{ address, peers: 0 }]);
      expect(clients.map(({ name }) => name).sort()).toEqual(['ONE', 'TWO']);
    }
  });

  it('gives plain data without Terminus, and does not throw when it is down', async () => {
    const { app, registry, url } = await startListener(services, parts);
    const indicator = app.get(BackchannelHealthIndicator, { strict: false });

    const health = indicator.check({ minPeers: 2 });

    expect(health).toEqual({
      status: 'down',
      message: '0 of 2 peers are connected',
      listeners: [{ address: url, peers: app.get(Registry).size }],
      clients: [],
    });
    expect(registry.size).toBe(0);
  });

  it('takes what stands in for a client in tests for connected', async () => {
    const moduleRef = await Test.createTestingModule({ imports: [dialing('HUB', 'localhost:1')] })
      .overrideProvider(getBackchannelClientToken('HUB'))
      .useValue({ getService: () => ({}) })
      .compile();

    expect(moduleRef.get(BackchannelHealthIndicator, { strict: false }).check()).toMatchObject({
      status: 'up',
      clients: [{ name: 'HUB', state: 'ready' }],
    });
  });

  it.each<[BackchannelHealthOptions, message: string]>([
    [{ clients: ['HUP'] }, '"clients" names "HUP", which no registerClient does; there are: HUB'],
    [{ minPeers: 1 }, '"minPeers" is for applications that listen'],
    [{ minPeers: -1 }, '"minPeers" must be a whole number, 0 or more, not -1'],
  ])('refuses %j in an application that only dials', async (options, message) => {
    const moduleRef = await Test.createTestingModule({
      imports: [dialing('HUB', 'localhost:1')],
    }).compile();
    closing(moduleRef);
    const indicator = moduleRef.get(BackchannelHealthIndicator, { strict: false });

    expect(() => indicator.check(options)).toThrow(message);
    await expect(indicator.isHealthy('backchannel', options)).rejects.toThrow(TypeError);
  });
});
