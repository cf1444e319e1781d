import { ClientHandshaker, DrainTime, yamuxSessionFactory } from '../../backchannel/index.js';
import { engineOf } from '../../grpc/index.js';
import { objectWith, verifyOptions, type Rules } from '../../options/index.js';
import { CARRIER_RULE, type BackchannelCarrier } from '../carrying/carrier.js';
import { tcpCarrier } from '../carrying/tcp-carrier.js';
import { drainMsOf } from '../closing/shut-down.js';
import type { BackchannelClientOptions } from '../options/options.js';
import { BackchannelServer } from './backchannel-server.js';

/**
 * Parts of a `BackchannelClient`. `BackchannelModule.registerClient` provides them, so that an application
 * can inject and replace them.
 */
export interface BackchannelClientParts {
  /** Dials. Default: `tcpCarrier`. */
  carrier?: BackchannelCarrier | undefined;
  /**
   * Multiplexes the connections and serves the calls of the other end. Default: one that the client's
   * options define.
   */
  handshaker?: ClientHandshaker | undefined;
}

const PARTS_RULES: Rules<Partial<DialingParts>> = {
  carrier: CARRIER_RULE,
  handshaker: objectWith('a ClientHandshaker', ['createChannel', 'createChannelOver']),
  server: objectWith('a BackchannelServer', ['createConnectionServer']),
};

/** @throws OptionError naming a bad part. */
export function verifyDialingParts(parts: BackchannelClientParts): void {
  verifyOptions('BackchannelClient, its parts', PARTS_RULES, parts);
}

/** All parts of a dialing side. */
export interface DialingParts {
  readonly carrier: BackchannelCarrier;
  readonly handshaker: ClientHandshaker;
  /** Serves the calls of the other end; undefined without the option `backchannel`. */
  readonly server: BackchannelServer | undefined;
}

/** Returns all parts for verified options: those of `given`, and new ones for the rest. */
export function dialingPartsOf(
  options: BackchannelClientOptions,
  given: BackchannelClientParts & Partial<Pick<DialingParts, 'server'>>,
): DialingParts {
  const server = given.server ?? createBackchannelServer(options);
  return {
    carrier: given.carrier ?? tcpCarrier,
    handshaker: given.handshaker ?? createClientHandshaker(options, server),
    server,
  };
}

/** Creates the strategy of a dialing side; undefined without the option `backchannel`. */
export function createBackchannelServer(
  options: BackchannelClientOptions,
): BackchannelServer | undefined {
  if (options.backchannel === undefined) return undefined;
  return new BackchannelServer(options.backchannel, {
    engine: engineOf(options.engine),
    drainTime: new DrainTime(drainMsOf(options)),
  });
}

/** Creates the handshaker of a dialing side. */
export function createClientHandshaker(
  options: BackchannelClientOptions,
  server: BackchannelServer | undefined,
): ClientHandshaker {
  const engine = engineOf(options.engine);
  return new ClientHandshaker(() => server?.createConnectionServer() ?? engine.createServer(), {
    engine,
    drainMs: drainMsOf(options),
    ...(options.streamHandshakers && { streamHandshakers: options.streamHandshakers }),
    sessionFactory: options.sessionFactory ?? yamuxSessionFactory(options.yamux),
  });
}
