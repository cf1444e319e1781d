import type {
  DynamicModule,
  FactoryProvider,
  ModuleMetadata,
  Provider,
  Type,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { verifyOptions } from '../../options/index.js';
import type { ClientHandshaker } from '../../backchannel/index.js';
import { BackchannelClient } from '../dialing/backchannel-client.js';
import type { BackchannelServer } from '../dialing/backchannel-server.js';
import {
  createBackchannelServer,
  createClientHandshaker,
  type DialingParts,
} from '../dialing/dialing-parts.js';
import { BackchannelHealthIndicator } from '../health/backchannel.health-indicator.js';
import { REGISTERED_CLIENT, type RegisteredClient } from '../health/registered-client.js';
import { BACKCHANNEL_CARRIER, type BackchannelCarrier } from '../carrying/carrier.js';
import { tcpCarrier } from '../carrying/tcp-carrier.js';
import { CLIENT_RULES } from '../options/option-rules.js';
import type { BackchannelClientOptions } from '../options/options.js';
import {
  BACKCHANNEL_STRATEGY,
  getBackchannelClientToken,
  getClientHandshakerToken,
} from '../decorators/tokens.js';
import { dialingSideCheck } from './side-checks.js';
import { verifyClientName } from './verify-application.js';

/** Options of a client, and its name for injection. */
export interface BackchannelClientRegistration extends BackchannelClientOptions {
  /** For `@InjectBackchannelClient(name)`. */
  name: string;
}

/** A class that creates the options of a client, for `useClass` and `useExisting`. */
export interface BackchannelClientOptionsFactory {
  /** Called once, when the application starts. */
  createBackchannelClientOptions(): BackchannelClientOptions | Promise<BackchannelClientOptions>;
}

/**
 * A client with options that are created when the application starts. Exactly one of the three `use…` is
 * required.
 */
export interface BackchannelClientAsyncRegistration
  extends Pick<ModuleMetadata, 'imports'>, Partial<Pick<FactoryProvider, 'inject'>> {
  /** For `@InjectBackchannelClient(name)`. */
  name: string;
  /** Creates the options from the providers in `inject`. */
  useFactory?: FactoryProvider<BackchannelClientOptions>['useFactory'];
  /** A class that creates the options; Nest instantiates it. */
  useClass?: Type<BackchannelClientOptionsFactory>;
  /** An existing provider that creates the options, from one of `imports`. */
  useExisting?: Type<BackchannelClientOptionsFactory>;
}

/**
 * Creates the module of one client. The options of the client have their own token.
 *
 * @param call - the call that registers the client, for errors and the log.
 */
export function clientModule(
  module: Type,
  registration: Pick<BackchannelClientAsyncRegistration, 'name' | 'imports'>,
  call: string,
  optionsProviders: (optionsToken: string) => Provider[],
): DynamicModule {
  const token = getBackchannelClientToken(registration.name);
  const optionsToken = `${token}_OPTIONS`;
  const verifiedToken = `${token}_VERIFIED_OPTIONS`;
  const serverToken = `${token}_SERVER`;
  const handshakerToken = getClientHandshakerToken(registration.name);
  return {
    module,
    imports: registration.imports ?? [],
    providers: [
      ...optionsProviders(optionsToken),
      { provide: BACKCHANNEL_CARRIER, useValue: tcpCarrier },
      {
        provide: verifiedToken,
        useFactory: (options: unknown): BackchannelClientOptions =>
          verifyOptions(call, CLIENT_RULES, options),
        inject: [optionsToken],
      },
      // Null if the client serves nothing: for Nest, undefined means a missing provider.
      {
        provide: serverToken,
        useFactory: (options: BackchannelClientOptions) => createBackchannelServer(options) ?? null,
        inject: [verifiedToken],
      },
      {
        provide: handshakerToken,
        useFactory: (options: BackchannelClientOptions, server: BackchannelServer | null) =>
          createClientHandshaker(options, server ?? undefined),
        inject: [verifiedToken, serverToken],
      },
      {
        provide: token,
        useFactory: (
          options: BackchannelClientOptions,
          carrier: BackchannelCarrier,
          handshaker: ClientHandshaker,
          server: BackchannelServer | null,
          container: ModulesContainer,
        ) => {
          verifyClientName(container, module, registration.name);
          const parts: DialingParts = { carrier, handshaker, server: server ?? undefined };
          return new BackchannelClient(options, parts);
        },
        inject: [
          verifiedToken,
          BACKCHANNEL_CARRIER,
          handshakerToken,
          serverToken,
          ModulesContainer,
        ],
      },
      {
        provide: BACKCHANNEL_STRATEGY,
        useFactory: (client: BackchannelClient) => (client.serves ? client.strategy : undefined),
        inject: [token],
      },
      {
        provide: REGISTERED_CLIENT,
        useFactory: (
          client: BackchannelClient,
          { lazy = false }: BackchannelClientOptions,
        ): RegisteredClient => ({ name: registration.name, lazy, client }),
        inject: [token, verifiedToken],
      },
      dialingSideCheck(registration.name, call),
      BackchannelHealthIndicator,
    ],
    exports: [token, handshakerToken, BackchannelHealthIndicator],
  };
}

/** Returns the providers of the options of a verified asynchronous registration. */
export function asyncOptionsProviders(
  registration: BackchannelClientAsyncRegistration,
  optionsToken: string,
): Provider[] {
  const { useFactory, useClass, useExisting, inject = [] } = registration;
  if (useFactory) return [{ provide: optionsToken, useFactory, inject }];
  return [
    ...(useClass ? [{ provide: useClass, useClass }] : []),
    {
      provide: optionsToken,
      useFactory: (options: BackchannelClientOptionsFactory) =>
        options.createBackchannelClientOptions(),
      inject: [useExisting ?? useClass!],
    },
  ];
}
