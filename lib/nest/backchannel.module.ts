import { Module, type DynamicModule } from '@nestjs/common';
import { Registry } from '../backchannel/index.js';
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
import { ListenMuxServer } from './listen-mux-server.js';
import type { BackchannelModuleOptions } from './options.js';
import { BACKCHANNEL_STRATEGY } from './tokens.js';

const listeningSide = {
  providers: [
    Registry,
    {
      provide: ListenMuxServer,
      useFactory: ({ server }: BackchannelModuleOptions, registry: Registry) => {
        if (server === undefined) {
          throw new Error(
            'BackchannelModule.forRoot needs the option "server" ({ url, package, protoPath }); an application that only dials uses registerClient',
          );
        }
        return new ListenMuxServer(server, registry);
      },
      inject: [BACKCHANNEL_MODULE_OPTIONS, Registry],
    },
    { provide: BACKCHANNEL_STRATEGY, useExisting: ListenMuxServer },
  ],
  exports: [Registry, ListenMuxServer],
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

function withListeningSide(definition: DynamicModule): DynamicModule {
  return {
    ...definition,
    providers: [...(definition.providers ?? []), ...listeningSide.providers],
    exports: [...(definition.exports ?? []), ...listeningSide.exports],
  };
}
