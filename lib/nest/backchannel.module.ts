import { Inject, Module, type DynamicModule } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Registry, type AuthorizePeer } from '../backchannel/index.js';
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
import { BackchannelHealthIndicator } from './health/backchannel.health-indicator.js';
import { hideStreamTypes } from './hide-stream-types.js';
import { ListenMuxServer } from './listen-mux-server.js';
import { BACKCHANNEL_NETWORK, type BackchannelNetwork } from './network.js';
import type { BackchannelModuleOptions } from './options.js';
import { PEER_AUTHORIZER, type PeerAuthorizer } from './peer-authorizer.js';
import { BACKCHANNEL_STRATEGY } from './tokens.js';

const listeningSide = {
  providers: [
    Registry,
    { provide: BACKCHANNEL_NETWORK, useValue: null },
    {
      provide: ListenMuxServer,
      useFactory: (
        { server }: BackchannelModuleOptions,
        registry: Registry,
        authorizer: PeerAuthorizer | null,
        network: BackchannelNetwork | null,
      ) => {
        if (server === undefined) {
          throw new Error(
            'BackchannelModule.forRoot needs the option "server" ({ url, package, protoPath }); an application that only dials uses registerClient',
          );
        }
        return new ListenMuxServer(
          authorizer === null ? server : { ...server, authorizePeer: authorizedBy(authorizer) },
          registry,
          network,
        );
      },
      inject: [BACKCHANNEL_MODULE_OPTIONS, Registry, PEER_AUTHORIZER, BACKCHANNEL_NETWORK],
    },
    { provide: BACKCHANNEL_STRATEGY, useExisting: ListenMuxServer },
    BackchannelHealthIndicator,
  ],
  exports: [Registry, ListenMuxServer, BackchannelHealthIndicator],
};

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
  }

  /** The listening side, with options as they stand. */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return withListeningSide(super.forRoot(options));
  }

  /** The listening side, with options made when the application starts. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withListeningSide(super.forRootAsync(options));
  }

  /** One client of the dialing side, with options as they stand. */
  static registerClient({ name, ...options }: BackchannelClientRegistration): DynamicModule {
    return clientModule(BackchannelModule, { name }, (token) => [
      { provide: token, useValue: options },
    ]);
  }

  /** One client of the dialing side, with options made when the application starts. */
  static registerClientAsync(registration: BackchannelClientAsyncRegistration): DynamicModule {
    return clientModule(BackchannelModule, registration, (token) =>
      asyncOptionsProviders(registration, token),
    );
  }
}

function authorizedBy(authorizer: PeerAuthorizer): AuthorizePeer {
  return (candidate) => authorizer.authorizePeer(candidate);
}

function withListeningSide(definition: DynamicModule): DynamicModule {
  return {
    ...definition,
    providers: [...(definition.providers ?? []), ...listeningSide.providers],
    exports: [...(definition.exports ?? []), ...listeningSide.exports],
  };
}
