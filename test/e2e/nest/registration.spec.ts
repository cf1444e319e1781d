import { Inject, Injectable, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { firstValueFrom, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  BackchannelModule,
  connectBackchannel,
  getBackchannelClientToken,
  InjectBackchannelClient,
  ListenMuxServer,
  Registry,
  type BackchannelClient,
  type BackchannelClientOptions,
  type BackchannelClientOptionsFactory,
  type BackchannelModuleOptions,
} from 'nestjs-backchannel';
import { urlOf } from '../../fixtures/nest/apps.js';
import { closing, startDialer, startListener } from '../../fixtures/nest/in-test.js';
import { GitalyController, PraefectController } from '../../fixtures/nest/mutator.controllers.js';
import {
  gitalyProto,
  praefectProto,
  type Gitaly,
  type MutatorReply,
} from '../../fixtures/nest/protos.js';

const server = { url: '127.0.0.1:0', ...gitalyProto, backchannel: praefectProto };
const quiet = { logger: false, abortOnError: false } as const;

/** The url that factories of options have injected. */
const URL = 'URL';

function urlModule(url: string): DynamicModule {
  @Module({ providers: [{ provide: URL, useValue: url }], exports: [URL] })
  class UrlModule {}
  return { module: UrlModule };
}

@Injectable()
class ServerOptions {
  constructor(@Inject(URL) private readonly url: string) {}

  createBackchannelOptions(): BackchannelModuleOptions {
    return { server: { ...server, url: this.url } };
  }
}

@Injectable()
class ClientOptions implements BackchannelClientOptionsFactory {
  constructor(@Inject(URL) private readonly url: string) {}

  createBackchannelClientOptions(): Promise<BackchannelClientOptions> {
    return Promise.resolve({ url: this.url, ...gitalyProto, backchannel: praefectProto });
  }
}

@Injectable()
class GitalyUser {
  constructor(@InjectBackchannelClient('GITALY') private readonly client: BackchannelClient) {}

  async mutate(): Promise<string> {
    const gitaly = this.client.getService<Gitaly>('Gitaly');
    return (await firstValueFrom(gitaly.mutator({ branch: 'main' }))).voter;
  }
}

/** Provides a factory of options, for `useExisting`. */
function exporting(options: Type, url: string): DynamicModule {
  @Module({ imports: [urlModule(url)], providers: [options], exports: [options] })
  class OptionsModule {}
  return { module: OptionsModule };
}

/** Starts an application of whatever it is in `backchannel`. */
async function start(backchannel: DynamicModule, controllers: Type[], providers: Type[] = []) {
  @Module({ imports: [backchannel], controllers, providers })
  class AppModule {}
  const app = closing(await NestFactory.create(AppModule, quiet));
  connectBackchannel(app);
  await app.startAllMicroservices();
  return app;
}

const url = '127.0.0.1:0';

describe('forRootAsync', () => {
  it.each<[string, () => DynamicModule]>([
    [
      'useFactory',
      () =>
        BackchannelModule.forRootAsync({
          imports: [urlModule(url)],
          inject: [URL],
          useFactory: (injected: string) => ({ server: { ...server, url: injected } }),
        }),
    ],
    [
      'useClass',
      () => BackchannelModule.forRootAsync({ imports: [urlModule(url)], useClass: ServerOptions }),
    ],
    [
      'useExisting',
      () =>
        BackchannelModule.forRootAsync({
          imports: [exporting(ServerOptions, url)],
          useExisting: ServerOptions,
        }),
    ],
  ])('takes the options of the listening side from %s', async (_way, backchannel) => {
    const app = await start(backchannel(), [GitalyController]);

    const { client } = await startDialer(
      { url: urlOf(app.get(ListenMuxServer)), ...gitalyProto, backchannel: praefectProto },
      { controllers: [PraefectController] },
    );

    const gitaly = client.getService<Gitaly>('Gitaly');
    expect(await firstValueFrom(gitaly.mutator({}))).toEqual({ voter: 'praefect' });
  });

  it('fails clearly when its factory says nothing of the server', async () => {
    const backchannel = BackchannelModule.forRootAsync({
      useFactory: () => ({}) as BackchannelModuleOptions,
    });

    await expect(start(backchannel, [])).rejects.toThrow('needs the option "server"');
  });
});

describe('registerClientAsync', () => {
  it.each<[string, (url: string) => DynamicModule]>([
    [
      'useFactory',
      (target) =>
        BackchannelModule.registerClientAsync({
          name: 'GITALY',
          imports: [urlModule(target)],
          inject: [URL],
          useFactory: (injected: string) => ({
            url: injected,
            ...gitalyProto,
            backchannel: praefectProto,
          }),
        }),
    ],
    [
      'useClass',
      (target) =>
        BackchannelModule.registerClientAsync({
          name: 'GITALY',
          imports: [urlModule(target)],
          useClass: ClientOptions,
        }),
    ],
    [
      'useExisting',
      (target) =>
        BackchannelModule.registerClientAsync({
          name: 'GITALY',
          imports: [exporting(ClientOptions, target)],
          useExisting: ClientOptions,
        }),
    ],
  ])('takes the options of a client from %s', async (_way, backchannel) => {
    const listener = await startListener(server, { controllers: [GitalyController] });

    const app = await start(backchannel(listener.url), [PraefectController], [GitalyUser]);

    expect(await app.get(GitalyUser).mutate()).toBe('praefect');
  });

  it('fails clearly when it says nothing of the options', () => {
    expect(() => BackchannelModule.registerClientAsync({ name: 'GITALY' })).toThrow(
      'registerClientAsync of "GITALY" needs one of useFactory, useClass and useExisting',
    );
  });
});

describe('forRoot', () => {
  @Injectable()
  class RegistryUser {
    constructor(@Inject(Registry) readonly registry: Registry) {}
  }

  @Module({ providers: [RegistryUser] })
  class FeatureModule {}

  const withFeature = (isGlobal?: boolean): DynamicModule => {
    @Module({
      imports: [
        BackchannelModule.forRoot({ server, ...(isGlobal !== undefined && { isGlobal }) }),
        FeatureModule,
      ],
      providers: [{ provide: 'OWN_REGISTRY', useExisting: Registry }],
    })
    class AppModule {}
    return { module: AppModule };
  };

  it.each([undefined, true])(
    'offers the registry to every module with isGlobal %s',
    async (isGlobal) => {
      const app = closing(await NestFactory.create(withFeature(isGlobal), quiet));

      expect(app.get(RegistryUser, { strict: false }).registry).toBe(app.get('OWN_REGISTRY'));
      expect(app.get(ListenMuxServer).registry).toBe(app.get('OWN_REGISTRY'));
    },
  );

  it('offers the registry to the modules that import it only, with isGlobal false', async () => {
    const create = NestFactory.create(withFeature(false), quiet);

    await expect(create).rejects.toThrow(/RegistryUser .* in the FeatureModule/s);
  });

  it('fails clearly without the option server', () => {
    expect(() => BackchannelModule.forRoot({} as BackchannelModuleOptions)).toThrow(
      'BackchannelModule.forRoot needs the option "server"',
    );
  });
});

describe('connectBackchannel', () => {
  const registerClient = () => BackchannelModule.registerClient({ name: 'GITALY', ...gitalyProto });

  it.each<[string, DynamicModule[]]>([
    ['no module of this package', []],
    ['only clients that serve nothing', [registerClient()]],
  ])('fails clearly where it finds %s', async (_what, imports) => {
    @Module({ imports })
    class AppModule {}
    const app = closing(await NestFactory.create(AppModule, quiet));

    expect(() => connectBackchannel(app)).toThrow('connectBackchannel found nothing to connect');
  });
});

describe('getBackchannelClientToken', () => {
  it('has @nestjs/testing override the client, and connect nothing in its place', async () => {
    const reply: MutatorReply = { voter: 'fake' };
    const fake = { getService: () => ({ mutator: () => of(reply) }) };
    const moduleRef = await Test.createTestingModule({
      imports: [
        BackchannelModule.registerClient({
          name: 'GITALY',
          ...gitalyProto,
          backchannel: praefectProto,
        }),
      ],
      providers: [GitalyUser],
    })
      .overrideProvider(getBackchannelClientToken('GITALY'))
      .useValue(fake)
      .compile();
    const app = closing(moduleRef.createNestApplication(quiet));

    expect(await app.get(GitalyUser).mutate()).toBe('fake');
    expect(() => connectBackchannel(app)).toThrow('nothing to connect');
  });
});
