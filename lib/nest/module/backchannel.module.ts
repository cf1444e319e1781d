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
 * gRPC in both directions over the one connection that a client opened.
 *
 * - `forRoot` / `forRootAsync`: the listening side; provides `ListenMuxServer` and its parts `Registry`,
 *   `ListenMux` and `ServerHandshaker`.
 * - `registerClient` / `registerClientAsync`: the dialing side; provides a `BackchannelClient` for
 *   `@InjectBackchannelClient(name)` and its `ClientHandshaker` (`getClientHandshakerToken(name)`). Once
 *   for each client, in the modules that use it.
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
    return listeningSide(BackchannelModule, super.forRoot(verified), (given) => {
      return given as BackchannelModuleOptions;
    });
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
    return listeningSide(BackchannelModule, super.forRootAsync(registration), (given) => {
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
