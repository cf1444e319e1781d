import { Inject, Module, type DynamicModule } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { verifyOptions } from '../../options/index.js';
import { noteHandlerReaches } from '../grpc/handler-reach.js';
import { hideStreamTypes } from '../grpc/hide-stream-types.js';
import type { BackchannelModuleOptions } from '../options/options.js';
import {
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
import { listeningSide } from './listening-side.js';
import {
  FOR_ROOT_ASYNC_RULES,
  FOR_ROOT_RULES,
  MODULE_RULES,
  REGISTER_CLIENT_ASYNC_RULES,
  REGISTER_CLIENT_RULES,
  verifySource,
} from './module-option-rules.js';

/**
 * gRPC in both directions over one connection, which the client opens.
 *
 * - `forRoot` / `forRootAsync`: the listening side; provides `ListenMuxServer` and its parts `Registry`,
 *   `ListenMux` and `ServerHandshaker`.
 * - `registerClient` / `registerClientAsync`: the dialing side; provides a `BackchannelClient` for
 *   `@InjectBackchannelClient(name)` and its `ClientHandshaker` (`getClientHandshakerToken(name)`). Call it
 *   once for each client, in the module that uses the client.
 *
 * An application may have both sides. `connectBackchannel(app)` connects all of them to Nest.
 */
@Module({})
export class BackchannelModule extends ConfigurableBackchannelModule {
  /** @internal Called by Nest before the handlers of controllers are registered. */
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    super();
    hideStreamTypes(modules);
    noteHandlerReaches(modules);
  }

  /**
   * Registers the listening side with the given options.
   *
   * @throws OptionError naming a bad option.
   */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    const call = 'BackchannelModule.forRoot';
    const verified = verifyOptions(call, FOR_ROOT_RULES, options);
    return listeningSide(BackchannelModule, super.forRoot(verified), (given) => {
      return given as BackchannelModuleOptions;
    });
  }

  /**
   * Registers the listening side with options that are created when the application starts. A bad option
   * fails at that time.
   *
   * @throws OptionError naming a bad option of the registration itself.
   */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    const call = 'BackchannelModule.forRootAsync';
    const registration = verifyOptions(call, FOR_ROOT_ASYNC_RULES, options);
    verifySource(call, registration);
    return listeningSide(BackchannelModule, super.forRootAsync(registration), (given) => {
      return verifyOptions(`${call}, options of its factory`, MODULE_RULES, given);
    });
  }

  /**
   * Registers one client of the dialing side with the given options.
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
   * Registers one client of the dialing side with options that are created when the application starts. A
   * bad option fails at that time.
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

/**
 * Returns the name of a call for its errors. Contains the name of the client: an application may register
 * many.
 */
function callFor(method: string, registration: { name?: unknown } | undefined): string {
  const name = registration?.name;
  const call = `BackchannelModule.${method}`;
  return typeof name === 'string' && name !== '' ? `${call} of "${name}"` : call;
}
