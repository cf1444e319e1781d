import { Controller, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod, Payload, type CustomStrategy } from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import {
  Backchannel,
  BackchannelClient,
  BackchannelModule,
  CurrentClient,
  CurrentPeer,
  InjectBackchannelClient,
  ListenMuxServer,
  OptionError,
  PeerId,
  serviceOf,
  type Peer,
} from 'nestjs-backchannel';
import { closing } from '../../fixtures/nest/in-test.js';
import { logLinesOf } from '../../fixtures/nest/log-lines.js';
import { callsProto, gitalyProto, praefectProto } from '../../fixtures/nest/protos.js';

/** Creates an application of these modules and controllers, and does not start it. */
async function create(imports: DynamicModule[], controllers: Type[] = []): Promise<void> {
  @Module({ controllers })
  class FeatureModule {}

  @Module({ imports: [...imports, FeatureModule] })
  class AppModule {}
  closing(await NestFactory.create(AppModule, { logger: false, abortOnError: false }));
}

const server = { url: '127.0.0.1:0', ...gitalyProto, backchannel: praefectProto };
const listening = BackchannelModule.forRoot({ server });
const listeningAsync = BackchannelModule.forRootAsync({ useFactory: () => ({ server }) });

@Controller()
class KnownController {
  @GrpcMethod('Gitaly')
  mutator(@Payload() _request: object, @Backchannel('Praefect') _praefect: object): object {
    return {};
  }
}

@Controller()
class UnknownController {
  @GrpcMethod('Gitaly')
  mutator(@Payload() _request: object, @Backchannel('Nope') _nope: object): object {
    return {};
  }
}

@Controller()
class OptionalController {
  @GrpcMethod('Gitaly')
  mutator(@Backchannel('Nope', { optional: true }) _nope?: object): object {
    return {};
  }
}

@Controller()
class ObjectController {
  @GrpcMethod('Gitaly')
  mutator(@Backchannel({ service: 'Nope', optional: true }) _nope?: object): object {
    return {};
  }
}

const NopeService = serviceOf<object>('praefect.Nope');

@Controller()
class TokenController {
  @GrpcMethod('Gitaly')
  mutator(@Backchannel(NopeService) _nope: object): object {
    return {};
  }
}

@Controller()
class TokenObjectController {
  @GrpcMethod('Gitaly')
  mutator(@Backchannel({ service: NopeService, optional: true }) _nope?: object): object {
    return {};
  }
}

@Controller()
class OtherPackageController {
  @GrpcMethod('Gitaly')
  mutator(@Backchannel(serviceOf<object>('nope.Praefect')) _nope: object): object {
    return {};
  }
}

@Controller()
class KnownTokenController {
  @GrpcMethod('Gitaly')
  mutator(
    @Backchannel(serviceOf<object>('praefect.Praefect')) _one: object,
    @Backchannel(serviceOf<object>('Praefect')) _other: object,
    @Backchannel('praefect.Praefect') _third: object,
  ): object {
    return {};
  }
}

@Controller()
class IdController {
  @GrpcMethod('Gitaly')
  mutator(@PeerId() _id: number): object {
    return {};
  }
}

@Controller()
class PeerController {
  @GrpcMethod('Gitaly')
  mutator(@CurrentPeer() _peer: Peer): object {
    return {};
  }
}

@Controller()
class OptionalPeerController {
  @GrpcMethod('Gitaly')
  mutator(@CurrentPeer({ optional: true }) _peer?: Peer): object {
    return {};
  }
}

@Controller()
class ClientController {
  @GrpcMethod('Gitaly')
  mutator(@CurrentClient() _client: BackchannelClient): object {
    return {};
  }
}

@Controller()
class OptionalClientController {
  @GrpcMethod('Gitaly')
  mutator(@CurrentClient({ optional: true }) _client?: BackchannelClient): object {
    return {};
  }
}

@Controller()
class InheritingController extends UnknownController {}

describe('@Backchannel of a service that peers do not have', () => {
  it.each([
    ['UnknownController', UnknownController],
    ['OptionalController', OptionalController],
    ['ObjectController', ObjectController],
    ['UnknownController', InheritingController],
  ])('fails when the application is created, in a handler of %s', async (name, controller) => {
    await expect(create([listening], [KnownController, controller])).rejects.toThrow(
      `@Backchannel("Nope") of ${name}.mutator: the option "server.backchannel" of BackchannelModule.forRoot has no such service; it has: Praefect`,
    );
  });

  it.each([
    ['TokenController', TokenController, 'praefect.Nope'],
    ['TokenObjectController', TokenObjectController, 'praefect.Nope'],
    ['OtherPackageController', OtherPackageController, 'nope.Praefect'],
  ])('fails with the token of another service or package, in %s', async (name, type, service) => {
    await expect(create([listening], [KnownTokenController, type])).rejects.toThrow(
      `@Backchannel("${service}") of ${name}.mutator: the option "server.backchannel" of BackchannelModule.forRoot has no such service; it has: praefect.Praefect`,
    );
  });

  it('fails with asynchronous options, too', async () => {
    await expect(create([listeningAsync], [UnknownController])).rejects.toThrow(
      '@Backchannel("Nope") of UnknownController.mutator',
    );
  });

  it('fails where the side says nothing of the services of its peers', async () => {
    const mute = BackchannelModule.forRoot({ server: { url: '127.0.0.1:0', ...gitalyProto } });

    await expect(create([mute], [KnownController])).rejects.toThrow('it has: none');
  });

  it('fails where the option services excludes it', async () => {
    const backchannel = { package: ['praefect', 'calls'], ...bothProtos(), services: ['Calls'] };
    const selecting = BackchannelModule.forRoot({ server: { ...server, backchannel } });

    await expect(create([selecting], [KnownController])).rejects.toThrow('it has: Calls');
  });

  it.each<[string, DynamicModule[]]>([
    ['a service that there is', [listening]],
    ['a service that one of several listening sides has', [listening, ofCalls()]],
    ['an application that does not listen', []],
  ])('does not fail for %s', async (_what, imports) => {
    const controllers = [KnownController, KnownTokenController];

    await expect(create(imports, controllers)).resolves.toBeUndefined();
  });
});

describe('@Backchannel in handlers of a server that the application makes itself', () => {
  /** An application without BackchannelModule, in which the server starts. */
  async function start(strategy: CustomStrategy['strategy'], controllers: Type[]): Promise<void> {
    @Module({ controllers })
    class AppModule {}
    const app = closing(
      await NestFactory.create(AppModule, { logger: false, abortOnError: false }),
    );
    app.connectMicroservice<CustomStrategy>({ strategy });
    await app.startAllMicroservices();
  }

  it.each([
    ['UnknownController', UnknownController],
    ['OptionalController', OptionalController],
    ['ObjectController', ObjectController],
    ['UnknownController', InheritingController],
  ])('fails at the start for a service that peers do not have, in %s', async (name, controller) => {
    await expect(start(new ListenMuxServer(server), [controller])).rejects.toThrow(
      `@Backchannel("Nope") of ${name}.mutator: the option "backchannel" of ListenMuxServer has no such service; it has: Praefect`,
    );
  });

  it('fails at the start for the token of a service that peers do not have', async () => {
    await expect(start(new ListenMuxServer(server), [TokenController])).rejects.toThrow(
      '@Backchannel("praefect.Nope") of TokenController.mutator: the option "backchannel" of ListenMuxServer has no such service; it has: praefect.Praefect',
    );
  });

  it('fails where the server says nothing of the services of its peers', async () => {
    const mute = new ListenMuxServer({ url: '127.0.0.1:0', ...gitalyProto });

    await expect(start(mute, [UnknownController])).rejects.toThrow('it has: none');
  });

  it.each<[string, ListenMuxServer, Type]>([
    ['a service that there is', new ListenMuxServer(server), KnownController],
    ['tokens of a service that there is', new ListenMuxServer(server), KnownTokenController],
    [
      'handlers that another server serves',
      new ListenMuxServer({ url: '127.0.0.1:0', ...callsProto }),
      UnknownController,
    ],
  ])('does not fail for %s', async (_what, strategy, controller) => {
    await expect(start(strategy, [controller])).resolves.toBeUndefined();
  });

  it.each<[string, Type, string | undefined]>([
    ['a stub', KnownController, '@Backchannel("Praefect") of KnownController.mutator: calls that'],
    ['an id', IdController, '@PeerId() of IdController.mutator: calls that'],
    ['a peer', PeerController, '@CurrentPeer() of PeerController.mutator: calls that'],
    ['a peer, if there is one', OptionalPeerController, undefined],
    ['a client', ClientController, undefined],
    ['a stub, if there is one', OptionalController, undefined],
  ])('is warned of on the dialing side, which nobody dialed: %s', async (_what, type, warning) => {
    const lines = logLinesOf('BackchannelModule');
    const client = closing(
      new BackchannelClient({
        url: '127.0.0.1:1',
        lazy: true,
        ...praefectProto,
        backchannel: gitalyProto,
      }),
    );

    await start(client.strategy, [type]);

    expect(lines.map(({ level }) => level)).toEqual(warning === undefined ? [] : ['warn']);
    if (warning !== undefined) expect(lines[0]!.message).toContain(warning);
  });
});

describe('@CurrentClient in handlers of a listening side', () => {
  it.each<[string, Type, string[]]>([
    [
      'where it is required',
      ClientController,
      [
        '@CurrentClient() of ClientController.mutator: calls of those who dial this server fail with FAILED_PRECONDITION, as they call no client; name what each side serves, with the option "services", or use @CurrentClient({ optional: true })',
      ],
    ],
    ['not where it is optional', OptionalClientController, []],
    ['not for a peer', PeerController, []],
  ])('is warned of at the start: %s', async (_where, controller, warnings) => {
    const lines = logLinesOf('ListenMuxServer');
    @Module({ imports: [listening], controllers: [controller] })
    class AppModule {}
    const app = closing(
      await NestFactory.create(AppModule, { logger: false, abortOnError: false }),
    );
    app.connectMicroservice<CustomStrategy>({ strategy: app.get(ListenMuxServer) });
    await app.startAllMicroservices();

    const told = lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
    expect(told).toEqual(warnings);
  });
});

describe('options of the decorators', () => {
  const decorate = Backchannel as (...args: unknown[]) => ParameterDecorator;

  it.each<[unknown[], string]>([
    [['S', true], 'the options must be an object, not true (a boolean)'],
    [['S', 'optional'], "the options must be an object, not 'optional' (a string)"],
    [['S', null], 'the options must be an object, not null'],
    [['S', { optionl: true }], 'unknown option "optionl": did you mean "optional"?'],
    [['S', { service: 'T' }], 'unknown option "service"'],
    [['S', { detached: 'yes' }], '"detached" must be true or false'],
    [[''], '"service" must be a string that is not empty'],
    [[null], 'the options must be an object, not null'],
    [[true], 'the options must be an object, not true (a boolean)'],
    [[{ servce: 'S' }], 'unknown option "servce": did you mean "service"?'],
    [[{ service: 'S' }, { optional: true }], 'options stand in one object'],
    [[NopeService, true], 'the options must be an object, not true (a boolean)'],
    [[NopeService, { optionl: true }], 'unknown option "optionl": did you mean "optional"?'],
    [[{ service: { name: 'S' } }], '"service" must be a string that is not empty or a token of'],
    [[Map], 'the options must be an object, not the function or class Map'],
  ])('@Backchannel(%j) throws where it stands', (args, problem) => {
    expect(() => decorate(...args)).toThrow(OptionError);
    expect(() => decorate(...args)).toThrow(problem);
  });

  describe.each([
    ['@PeerId', PeerId],
    ['@CurrentPeer', CurrentPeer],
    ['@CurrentClient', CurrentClient],
  ])('%s', (name, of) => {
    it.each([[true], ['S'], [null], [{ optionl: true }], [{ detached: true }]])(
      'of %j throws where it stands',
      (option) => {
        const decorateWith = (): unknown => (of as (given: unknown) => unknown)(option);

        expect(decorateWith).toThrow(OptionError);
        expect(decorateWith).toThrow(`${name}: `);
      },
    );
  });

  it.each([[undefined], [''], [null], [{ name: 'HUB' }]])(
    '@InjectBackchannelClient(%j) throws where it stands',
    (name) => {
      expect(() => (InjectBackchannelClient as (given: unknown) => unknown)(name)).toThrow(
        OptionError,
      );
    },
  );
});

describe('a client name that is used twice', () => {
  const register = (name: string) => BackchannelModule.registerClient({ name, ...callsProto });
  const registerAsync = (name: string) =>
    BackchannelModule.registerClientAsync({ name, useFactory: () => callsProto });

  it.each<[string, DynamicModule[]]>([
    ['twice as it stands', [register('HUB'), register('HUB')]],
    ['once asynchronously', [register('HUB'), registerAsync('HUB')]],
    ['in another module', [register('HUB'), inFeature(register('HUB'))]],
  ])('fails when the application is created: %s', async (_where, imports) => {
    await expect(create(imports)).rejects.toThrow('the client name "HUB" is registered 2 times');
  });

  it.each<[string, DynamicModule[]]>([
    ['two names', [register('HUB'), registerAsync('OTHER')]],
    ['one registration that two modules import', sharedByTwo(register('HUB'))],
  ])('does not fail for %s', async (_what, imports) => {
    await expect(create(imports)).resolves.toBeUndefined();
  });
});

function bothProtos() {
  return { protoPath: [praefectProto.protoPath, callsProto.protoPath] };
}

function ofCalls(): DynamicModule {
  return BackchannelModule.forRoot({
    server: { ...server, ...callsProto, backchannel: callsProto },
    isGlobal: false,
  });
}

function inFeature(imported: DynamicModule): DynamicModule {
  @Module({ imports: [imported] })
  class OtherModule {}
  return { module: OtherModule };
}

function sharedByTwo(registration: DynamicModule): DynamicModule[] {
  return [registration, inFeature(registration)];
}
