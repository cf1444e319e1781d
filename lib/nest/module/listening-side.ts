import type { DynamicModule, Provider, Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Registry, ServerHandshaker, type AuthorizePeer } from '../../backchannel/index.js';
import type { ConnectionInfo } from '../../grpc/index.js';
import { ListenMux } from '../../listenmux/index.js';
import { OptionError } from '../../options/index.js';
import { BACKCHANNEL_CARRIER, type BackchannelCarrier } from '../carrying/carrier.js';
import { tcpCarrier } from '../carrying/tcp-carrier.js';
import { BACKCHANNEL_STRATEGY } from '../decorators/tokens.js';
import { BackchannelHealthIndicator } from '../health/backchannel.health-indicator.js';
import { ConnectionDispatcher } from '../listening/connection-dispatcher.js';
import { ListenMuxServer } from '../listening/listen-mux-server.js';
import {
  createHandshaker,
  createMux,
  peerServicesOf,
  type ListeningParts,
} from '../listening/listening-parts.js';
import { PEER_AUTHORIZER, type PeerAuthorizer } from '../listening/peer-authorizer.js';
import { PeerServices } from '../listening/peer-services.js';
import type { BackchannelModuleOptions, ListenMuxServerOptions } from '../options/options.js';
import { BACKCHANNEL_MODULE_OPTIONS } from './backchannel.module-definition.js';
import { listeningSideCheck } from './side-checks.js';
import { verifyBackchannelUses } from './verify-application.js';

/** Token of the verified options of the listening side, with the injectable authorizer. */
const SERVER_OPTIONS = Symbol('BACKCHANNEL_SERVER_OPTIONS');

/**
 * Adds the providers of the listening side to `definition`: each part under its class, so that an
 * application can inject, replace and extend it.
 *
 * @param read - returns the module options, verified if `forRoot` has not verified them.
 */
export function listeningSide(
  module: Type,
  definition: DynamicModule,
  read: (given: unknown) => BackchannelModuleOptions,
): DynamicModule {
  return {
    ...definition,
    providers: [
      ...(definition.providers ?? []),
      {
        provide: SERVER_OPTIONS,
        useFactory: (given: unknown, authorizer: PeerAuthorizer | null): ListenMuxServerOptions => {
          const { server } = read(given);
          return authorizer === null
            ? server
            : { ...server, authorizePeer: authorizedBy(authorizer) };
        },
        inject: [BACKCHANNEL_MODULE_OPTIONS, PEER_AUTHORIZER],
      },
      { provide: BACKCHANNEL_CARRIER, useValue: tcpCarrier },
      ...partProviders,
      serverProvider(module),
      { provide: BACKCHANNEL_STRATEGY, useExisting: ListenMuxServer },
      listeningSideCheck,
      BackchannelHealthIndicator,
    ],
    exports: [
      ...(definition.exports ?? []),
      Registry,
      ListenMux,
      ServerHandshaker,
      ListenMuxServer,
      BackchannelHealthIndicator,
    ],
  };
}

const partProviders: Provider[] = [
  Registry,
  ConnectionDispatcher,
  // Null without services: for Nest, undefined means a missing provider.
  {
    provide: PeerServices,
    useFactory: (options: ListenMuxServerOptions): PeerServices | null =>
      peerServicesOf(options) ?? null,
    inject: [SERVER_OPTIONS],
  },
  {
    provide: ServerHandshaker,
    useFactory: (
      options: ListenMuxServerOptions,
      registry: Registry,
      services: PeerServices | null,
    ): ServerHandshaker => createHandshaker(options, registry, services ?? undefined),
    inject: [SERVER_OPTIONS, Registry, PeerServices],
  },
  {
    provide: ListenMux,
    useFactory: createMux,
    inject: [SERVER_OPTIONS, ServerHandshaker, ConnectionDispatcher],
  },
];

function serverProvider(module: Type): Provider {
  return {
    provide: ListenMuxServer,
    useFactory: (
      options: ListenMuxServerOptions,
      registry: Registry,
      carrier: BackchannelCarrier,
      mux: ListenMux<ConnectionInfo>,
      handshaker: ServerHandshaker,
      services: PeerServices | null,
      dispatcher: ConnectionDispatcher,
      container: ModulesContainer,
    ): ListenMuxServer => {
      const peerServices = services ?? undefined;
      const parts: Omit<ListeningParts, 'registry'> = {
        carrier,
        mux,
        handshaker,
        peerServices,
        dispatcher,
      };
      const server = new ListenMuxServer(options, registry, parts);
      verifyBackchannelUses(container, module, server.peerServices);
      return server;
    },
    inject: [
      SERVER_OPTIONS,
      Registry,
      BACKCHANNEL_CARRIER,
      ListenMux,
      ServerHandshaker,
      PeerServices,
      ConnectionDispatcher,
      ModulesContainer,
    ],
  };
}

/**
 * @throws OptionError if the class of `authorizer` has no method `authorizePeer`: all peers would be
 * accepted.
 */
function authorizedBy(authorizer: PeerAuthorizer): AuthorizePeer {
  if (typeof authorizer.authorizePeer !== 'function') {
    throw new OptionError(
      'BackchannelModule.forRoot: "authorizer" must be a class with the method authorizePeer',
      'authorizer',
    );
  }
  return (candidate) => authorizer.authorizePeer(candidate);
}
