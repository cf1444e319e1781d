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

/** A client and the name it is injected by. */
export interface BackchannelClientRegistration extends BackchannelClientOptions {
  /** For `@InjectBackchannelClient(name)`. */
  name: string;
}

/** A class that makes the options of a client, for `useClass` and `useExisting`. */
export interface BackchannelClientOptionsFactory {
  /** Called once, when the application starts. */
  createBackchannelClientOptions(): BackchannelClientOptions | Promise<BackchannelClientOptions>;
}

/** A client whose options are made when the application starts; one of the three `use…` is needed. */
export interface BackchannelClientAsyncRegistration
  extends Pick<ModuleMetadata, 'imports'>, Partial<Pick<FactoryProvider, 'inject'>> {
  /** For `@InjectBackchannelClient(name)`. */
  name: string;
  /** Makes the options, of what `inject` names. */
  useFactory?: FactoryProvider<BackchannelClientOptions>['useFactory'];
  /** A class that makes the options; Nest makes one of it. */
  useClass?: Type<BackchannelClientOptionsFactory>;
  /** A provider that makes the options, from one of `imports`. */
  useExisting?: Type<BackchannelClientOptionsFactory>;
}

/**
 * The providers of one client, whose options stand under a token of their own.
 *
 * @param call - what registers it, for errors and the log.
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
      // Null if the client serves nothing: Nest would take undefined for a missing provider.
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
        inject: [token, optionsToken],
      },
      dialingSideCheck(registration.name, call),
      BackchannelHealthIndicator,
    ],
    exports: [token, handshakerToken, BackchannelHealthIndicator],
  };
}

/** Where the options of a verified asynchronous registration come from. */
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
