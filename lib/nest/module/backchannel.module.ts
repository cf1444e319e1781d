import { Inject, Module, type DynamicModule } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Registry, type AuthorizePeer } from '../../backchannel/index.js';
import { OptionError, verifyOptions } from '../../options/index.js';
import { noteHandlerReaches } from '../grpc/handler-reach.js';
import { BackchannelHealthIndicator } from '../health/backchannel.health-indicator.js';
import { hideStreamTypes } from '../grpc/hide-stream-types.js';
import { ListenMuxServer } from '../listening/listen-mux-server.js';
import { BACKCHANNEL_NETWORK, type BackchannelNetwork } from '../network.js';
import type { BackchannelModuleOptions } from '../options/options.js';
import { PEER_AUTHORIZER, type PeerAuthorizer } from '../listening/peer-authorizer.js';
import { BACKCHANNEL_STRATEGY } from '../decorators/tokens.js';
import {
  BACKCHANNEL_MODULE_OPTIONS,
  ConfigurableBackchannelModule,
  type ASYNC_OPTIONS_TYPE,
  type OPTIONS_TYPE,
} from './backchannel.module-definition.js';
import {
  asyncOptionsProviders,
  clientModule,
  type BackchannelClientAsyncRegistration,
  type BackchannelClientRegistration,
} from './client-registration.js';
import {
  FOR_ROOT_ASYNC_RULES,
  FOR_ROOT_RULES,
  MODULE_RULES,
  REGISTER_CLIENT_ASYNC_RULES,
  REGISTER_CLIENT_RULES,
  verifySource,
} from './module-option-rules.js';
import { listeningSideCheck } from './side-checks.js';
import { verifyBackchannelUses } from './verify-application.js';

/**
 * gRPC in both directions over the one connection that a client opened.
 *
 * - `forRoot` / `forRootAsync`: the listening side; provides `ListenMuxServer` and `Registry`.
 * - `registerClient` / `registerClientAsync`: the dialing side; provides a `BackchannelClient` for
 *   `@InjectBackchannelClient(name)`. Once for each client, in the modules that use it.
 *
 * An application may be both. `connectBackchannel(app)` hands all of it to Nest.
 */
@Module({})
export class BackchannelModule extends ConfigurableBackchannelModule {
  /** @internal Called by Nest, before the handlers of controllers are registered. */
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    super();
    hideStreamTypes(modules);
    noteHandlerReaches(modules);
  }

  /**
   * The listening side, with options as they stand.
   *
   * @throws OptionError naming a bad option.
   */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    const call = 'BackchannelModule.forRoot';
    const verified = verifyOptions(call, FOR_ROOT_RULES, options);
    return withListeningSide(super.forRoot(verified), (given) => given as BackchannelModuleOptions);
  }

  /**
   * The listening side, with options made when the application starts: a bad one fails then.
   *
   * @throws OptionError naming a bad option of the registration itself.
   */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    const call = 'BackchannelModule.forRootAsync';
    const registration = verifyOptions(call, FOR_ROOT_ASYNC_RULES, options);
    verifySource(call, registration);
    return withListeningSide(super.forRootAsync(registration), (given) => {
      return verifyOptions(`${call}, options of its factory`, MODULE_RULES, given);
    });
  }

  /**
   * One client of the dialing side, with options as they stand.
   *
   * @throws OptionError naming a bad option.
   */
  static registerClient(registration: BackchannelClientRegistration): DynamicModule {
    const call = callFor('registerClient', registration);
    const { name, ...options } = verifyOptions(call, REGISTER_CLIENT_RULES, registration);
    return clientModule(BackchannelModule, { name }, call, (token) => [
      { provide: token, useValue: options },
    ]);
  }

  /**
   * One client of the dialing side, with options made when the application starts: a bad one fails then.
   *
   * @throws OptionError naming a bad option of the registration itself.
   */
  static registerClientAsync(registration: BackchannelClientAsyncRegistration): DynamicModule {
    const call = callFor('registerClientAsync', registration);
    const verified = verifyOptions(call, REGISTER_CLIENT_ASYNC_RULES, registration);
    verifySource(call, verified);
    return clientModule(BackchannelModule, verified, call, (token) =>
      asyncOptionsProviders(verified, token),
    );
  }
}

/** The call as its errors name it: an application may register many clients. */
function callFor(method: string, registration: { name?: unknown } | undefined): string {
  const name = registration?.name;
  const call = `BackchannelModule.${method}`;
  return typeof name === 'string' && name !== '' ? `${call} of "${name}"` : call;
}

/** @throws OptionError if the class that `authorizer` names has no such method: all peers would get in. */
function authorizedBy(authorizer: PeerAuthorizer): AuthorizePeer {
  if (typeof authorizer.authorizePeer !== 'function') {
    throw new OptionError(
      'BackchannelModule.forRoot: "authorizer" must be a class with the method authorizePeer',
      'authorizer',
    );
  }
  return (candidate) => authorizer.authorizePeer(candidate);
}

/** @param read - verifies what the options provider of the module gives, if that is still to be done. */
function withListeningSide(
  definition: DynamicModule,
  read: (given: unknown) => BackchannelModuleOptions,
): DynamicModule {
  const createServer = (
    given: unknown,
    registry: Registry,
    authorizer: PeerAuthorizer | null,
    network: BackchannelNetwork | null,
    container: ModulesContainer,
  ): ListenMuxServer => {
    const { server: options } = read(given);
    const server = new ListenMuxServer(
      authorizer === null ? options : { ...options, authorizePeer: authorizedBy(authorizer) },
      registry,
      network,
    );
    verifyBackchannelUses(container, BackchannelModule, server.peerServices);
    return server;
  };
  return {
    ...definition,
    providers: [
      ...(definition.providers ?? []),
      Registry,
      { provide: BACKCHANNEL_NETWORK, useValue: null },
      {
        provide: ListenMuxServer,
        useFactory: createServer,
        inject: [
          BACKCHANNEL_MODULE_OPTIONS,
          Registry,
          PEER_AUTHORIZER,
          BACKCHANNEL_NETWORK,
          ModulesContainer,
        ],
      },
      { provide: BACKCHANNEL_STRATEGY, useExisting: ListenMuxServer },
      listeningSideCheck,
      BackchannelHealthIndicator,
    ],
    exports: [...(definition.exports ?? []), Registry, ListenMuxServer, BackchannelHealthIndicator],
  };
}
