import { Registry, ServerHandshaker, yamuxSessionFactory } from '../../backchannel/index.js';
import { engineOf, type ConnectionInfo } from '../../grpc/index.js';
import { ListenMux, listenMuxLimitsOf } from '../../listenmux/index.js';
import {
  objectWith,
  opaqueObject,
  OptionError,
  showValue,
  verifyOptions,
  type Rules,
} from '../../options/index.js';
import { CARRIER_RULE, type BackchannelCarrier } from '../carrying/carrier.js';
import { tcpCarrier } from '../carrying/tcp-carrier.js';
import { drainMsOf } from '../closing/shut-down.js';
import type { ListenMuxServerOptions } from '../options/options.js';
import { ConnectionDispatcher } from './connection-dispatcher.js';
import { PeerServices } from './peer-services.js';

/**
 * Parts of a `ListenMuxServer`. `BackchannelModule.forRoot` provides each under its class, so that an
 * application can inject, replace and extend it.
 */
export interface ListenMuxServerParts {
  /** Listens. Default: `tcpCarrier`. */
  carrier?: BackchannelCarrier | undefined;
  /** Identifies connections. Default: has the server's handshakers and the limits of its options. */
  mux?: ListenMux<ConnectionInfo> | undefined;
  /**
   * Makes peers of multiplexed connections, in the registry of the server. Default: one that the server's
   * options define.
   */
  handshaker?: ServerHandshaker | undefined;
}

const PARTS_RULES: Rules<Partial<Omit<ListeningParts, 'registry'>>> = {
  carrier: CARRIER_RULE,
  mux: objectWith('a ListenMux', ['attach', 'handle', 'close']),
  handshaker: objectWith('a ServerHandshaker', ['handshake', 'drain', 'close']),
  peerServices: opaqueObject(),
  dispatcher: opaqueObject(),
};

/** @throws OptionError naming a bad part. */
export function verifyListeningParts(registry: unknown, parts: ListenMuxServerParts): void {
  if (!(registry instanceof Registry)) {
    const problem = `the second argument must be a Registry, not ${showValue(registry)}`;
    throw new OptionError(`ListenMuxServer: ${problem}`, 'registry');
  }
  verifyOptions('ListenMuxServer, its parts', PARTS_RULES, parts);
}

/** All parts of a listening side. */
export interface ListeningParts {
  readonly registry: Registry;
  readonly carrier: BackchannelCarrier;
  readonly mux: ListenMux<ConnectionInfo>;
  readonly handshaker: ServerHandshaker;
  /** Stubs of the services of peers; undefined without the option `backchannel`. */
  readonly peerServices: PeerServices | undefined;
  /** Gets the connections of `mux`. */
  readonly dispatcher: ConnectionDispatcher;
}

/** Returns all parts for verified options: those of `given`, and new ones for the rest. */
export function listeningPartsOf(
  options: ListenMuxServerOptions,
  registry: Registry,
  given: ListenMuxServerParts & Partial<Pick<ListeningParts, 'peerServices' | 'dispatcher'>>,
): ListeningParts {
  const peerServices = given.peerServices ?? peerServicesOf(options);
  const dispatcher = given.dispatcher ?? new ConnectionDispatcher();
  const handshaker = given.handshaker ?? createHandshaker(options, registry, peerServices);
  const mux = given.mux ?? createMux(options, handshaker, dispatcher);
  return {
    registry,
    carrier: given.carrier ?? tcpCarrier,
    mux,
    handshaker,
    peerServices,
    dispatcher,
  };
}

/** Returns the stubs of the services of peers; undefined without the option `backchannel`. */
export function peerServicesOf({ backchannel }: ListenMuxServerOptions): PeerServices | undefined {
  return backchannel && new PeerServices(backchannel);
}

/** Creates the handshaker of a listening side. */
export function createHandshaker(
  options: ListenMuxServerOptions,
  registry: Registry,
  services: PeerServices | undefined,
): ServerHandshaker {
  const { authorizePeer, engine, sessionFactory, yamux } = options;
  return new ServerHandshaker(registry, {
    authorizePeer,
    sessionFactory: sessionFactory ?? yamuxSessionFactory(yamux),
    engine: engineOf(engine),
    drainMs: drainMsOf(options),
    ...(services && {
      channelOptions: services.channelOptions,
      interceptors: services.interceptors,
      createStubs: (clientOptions) => services.createStubs(clientOptions),
    }),
  });
}

/** Creates the mux of a listening side, with `handshaker` and those of the option `handshakers`. */
export function createMux(
  options: ListenMuxServerOptions,
  handshaker: ServerHandshaker,
  dispatcher: ConnectionDispatcher,
): ListenMux<ConnectionInfo> {
  const mux = new ListenMux<ConnectionInfo>({
    onConnection: (connection) => dispatcher.onConnection(connection),
    onHandshakeError: (error, socket) => dispatcher.onHandshakeError(error, socket),
    ...listenMuxLimitsOf(options),
  });
  mux.register(handshaker);
  for (const other of options.handshakers ?? []) mux.register(other);
  return mux;
}
