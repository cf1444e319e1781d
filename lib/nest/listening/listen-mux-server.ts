import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Registry, serveConnections } from '../../backchannel/index.js';
import {
  channelLeftToGrpcJs,
  engineOf,
  grpcJsEngine,
  serverLeftToGrpcJs,
  type StreamServer,
} from '../../grpc/index.js';
import { ListenMuxError, listenMuxLimitsOf } from '../../listenmux/index.js';
import { verifyOptions } from '../../options/index.js';
import { LINGER_MS, withTimeout } from '../../wire/index.js';
import type { CarrierListener } from '../carrying/carrier.js';
import { tcpCarrier } from '../carrying/tcp-carrier.js';
import { drainMsOf, drainServer } from '../closing/shut-down.js';
import { requiredUses } from '../decorators/backchannel-uses.js';
import { verifyInjectedServices } from '../grpc/injected-services.js';
import type { NamedService } from '../grpc/service-selection.js';
import { logLeftToGrpcJs } from '../log/engine-log.js';
import { RateLimitedLog } from '../log/rate-limited-log.js';
import { toListeningServerOptions } from '../options/channel-options.js';
import { SERVER_RULES } from '../options/option-rules.js';
import type { ListenMuxServerOptions } from '../options/options.js';
import { verifyProto } from '../options/stock-option-rules.js';
import { EngineServers } from '../standard-services/engine-servers.js';
import { StandardServicesServer } from '../standard-services/standard-services-server.js';
import {
  listeningPartsOf,
  verifyListeningParts,
  type ListeningParts,
  type ListenMuxServerParts,
} from './listening-parts.js';
import { logPeers, logRefusal } from './peer-log.js';
import { startLine } from './start-line.js';

/**
 * Maximum number of lines per 10 seconds, for arrivals and for departures: more than a person reads.
 * `Registry.peers$` reports every event.
 */
const MAX_PEER_LINES = 100;

/**
 * The peer services for which stubs exist, over all servers of the process. A service without methods has no
 * full name, so both names are the key.
 */
const knownServices = new Map<string, NamedService>();

/**
 * The listening side as a Nest transport strategy. Serves controllers as Nest's gRPC transport does, on one
 * port, to multiplexed clients, which can be called back, and to plain ones.
 *
 * Lifecycle: services are bound before the port opens. `close()` first closes the port and sends GOAWAY to
 * all clients; clients of this package then connect elsewhere before they leave. In-flight calls in both
 * directions finish within `drainMs`, then connections end. The server may listen again after `close()`.
 */
export class ListenMuxServer extends StandardServicesServer {
  /** @internal */
  protected override readonly logger = new Logger(ListenMuxServer.name);
  readonly #options: ListenMuxServerOptions;
  readonly #parts: ListeningParts;
  readonly #engineServers: EngineServers;
  readonly #drainMs: number;
  readonly #peerLog = new RateLimitedLog(this.logger, { maxLines: MAX_PEER_LINES });
  readonly #refusalLog = new RateLimitedLog(this.logger);
  /** Undefined while this server does not listen. */
  #listener: CarrierListener | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param registry - holds the peers. Default: a new one.
   * @param parts - replace the parts that the server would create.
   * @throws OptionError naming a bad option; Error of Nest for bad proto options.
   */
  constructor(
    options: ListenMuxServerOptions,
    registry: Registry = new Registry(),
    parts: ListenMuxServerParts = {},
  ) {
    const verified = verifyOptions('ListenMuxServer', SERVER_RULES, options);
    verifyProto('ListenMuxServer', verified);
    verifyListeningParts(registry, parts);
    super(verified, { call: 'ListenMuxServer', option: 'services' });
    this.#options = verified;
    this.#drainMs = drainMsOf(verified);
    this.#parts = listeningPartsOf(verified, registry, parts);
    this.#engineServers = new EngineServers(
      engineOf(verified.engine),
      toListeningServerOptions(verified),
      verified.unknownMethodHandler,
      { call: 'ListenMuxServer', option: 'unknownMethodHandler' },
    );
    for (const service of this.peerServices) {
      knownServices.set(`${service.fullName}/${service.name}`, service);
    }
    logPeers(this.#peerLog, registry);
  }

  /** The peers of this server. */
  get registry(): Registry {
    return this.#parts.registry;
  }

  /** @internal The peer services for which this server has stubs. */
  get peerServices(): readonly NamedService[] {
    return this.#parts.peerServices?.services ?? [];
  }

  /** Address with the actual port, or a path; null while the server does not listen. */
  get address(): AddressInfo | string | null {
    return this.#listener?.address ?? null;
  }

  /** Called by Nest: binds the handlers and opens the port. `callback` receives the error if that fails. */
  override async listen(
    callback: (error?: unknown, ...optionalParams: unknown[]) => void,
  ): Promise<void> {
    const error = await this.#inTurn(() => this.#start());
    if (error === undefined) callback();
    else callback(error);
  }

  /** Binds the handlers, then opens the port, so that no call arrives before all handlers are bound. */
  override async start(callback?: () => void): Promise<void> {
    await this.bindEvents();
    this.#verifyBackchannelUses();
    this.#warnOfClientUses();
    await this.#openPort();
    callback?.();
  }

  /** Creates the server of the engine, without services or a port. */
  override createClient(): Promise<StreamServer> {
    const engine = engineOf(this.#options.engine);
    const whyServer = serverLeftToGrpcJs(toListeningServerOptions(this.#options));
    logLeftToGrpcJs(this.logger, engine, 'this server', whyServer);
    const whyChannels = channelLeftToGrpcJs(this.#parts.peerServices?.channelOptions ?? {});
    logLeftToGrpcJs(this.logger, engine, 'the channel to each peer', whyChannels);
    return Promise.resolve(this.#engineServers.create());
  }

  /** Closes the port, drains in-flight calls, and ends all connections. Idempotent. */
  override close(): Promise<void> {
    return this.#inTurn(() => this.#close());
  }

  /**
   * Returns the server of the engine: a `BuiltInServer`, or with `engine: 'grpc-js'` the `Server` of grpc-js.
   *
   * @throws Error before `listen()` and after `close()`.
   */
  override unwrap<T>(): T {
    const server = this.grpcClient as StreamServer | null | undefined;
    if (!server) throw new Error('there is no gRPC server before listen() and after close()');
    return server.unwrap() as T;
  }

  /**
   * Verifies the services of `@Backchannel`. A handler may belong to another server, so services of all
   * servers are valid.
   */
  #verifyBackchannelUses(): void {
    const known = [...knownServices.values()];
    const place = { call: 'ListenMuxServer', option: 'backchannel' };
    verifyInjectedServices(this.backchannelUses, known, this.peerServices, place);
  }

  /** Warns of handlers that need a client: whoever calls them here has dialed this server. */
  #warnOfClientUses(): void {
    for (const { decorator, handler } of requiredUses(this.backchannelUses, 'client')) {
      this.logger.warn(
        `${decorator} of ${handler}: calls of those who dial this server fail with FAILED_PRECONDITION, as they call no client; name what each side serves, with the option "services", or use ${decorator.slice(0, -2)}({ optional: true })`,
      );
    }
  }

  async #openPort(): Promise<void> {
    const { carrier, mux, handshaker, dispatcher } = this.#parts;
    const { allowPlainClients = true, credentials } = this.#options;
    const serve = serveConnections(this.grpcClient as StreamServer);
    dispatcher.handler = {
      onConnection: (connection) => {
        if (connection.context !== undefined || allowPlainClients) return serve(connection);
        const problem = 'it is not multiplexed ("allowPlainClients" is false)';
        throw new ListenMuxError('ERR_LISTENMUX_PLAIN_CLIENT', problem);
      },
      onHandshakeError: (error, socket) => logRefusal(this.#refusalLog, error, socket),
    };
    handshaker.open();
    mux.open();
    this.#listener = await carrier.listen(this.url, mux, {
      credentials,
      handshakeTimeoutMs: listenMuxLimitsOf(this.#options).handshakeTimeoutMs,
      onWarning: (message) => this.logger.warn(message),
      // Also called for each new connection while no file descriptors are left.
      onError: (error) => {
        this.#refusalLog.write('error', 'errors of the listener', () => [error]);
      },
    });
    const isLeft = serverLeftToGrpcJs(toListeningServerOptions(this.#options)) !== undefined;
    const engine = isLeft ? grpcJsEngine : engineOf(this.#options.engine);
    const { url, address } = this;
    const [line, data] = startLine({
      url,
      address,
      engine: engine.name,
      credentials,
      isTcp: carrier === tcpCarrier,
      allowPlainClients,
    });
    this.logger.log(line, data);
  }

  /** Runs starts and closes one after another, in the order of their calls. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(step);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Resolves with the error if the start fails, after everything is closed. */
  async #start(): Promise<unknown> {
    try {
      this.grpcClient = await this.createClient();
      await this.start();
      return undefined;
    } catch (error) {
      await this.#close();
      return error;
    }
  }

  async #close(): Promise<void> {
    const { mux, handshaker } = this.#parts;
    const server = this.grpcClient as StreamServer | null | undefined;
    this.grpcClient = null;

    this.endStandardServices();
    await this.#stopAccepting();
    await Promise.all([
      handshaker.drain(this.#drainMs),
      server && drainServer(server, this.#drainMs),
    ]);
    // Send GOAWAY to the remaining peers in this turn: if their streams are cut without a GOAWAY, they
    // treat the connection as lost.
    const peersClosed = handshaker.close();
    server?.forceShutdown();
    await Promise.all([peersClosed, mux.closeConnections(LINGER_MS)]);
    this.#peerLog.flush();
    this.#refusalLog.flush();
  }

  /**
   * Stops accepting connections. Connections in their handshake may complete it and then receive GOAWAY,
   * because a client counts a cut handshake as a failure of this side.
   */
  async #stopAccepting(): Promise<void> {
    const { mux } = this.#parts;
    const listener = this.#listener;
    this.#listener = undefined;
    if (listener !== undefined) {
      // The kernel may have accepted connections that Node has not reported yet.
      if (this.#drainMs > 0) for (let turn = 0; turn < 2; turn++) await nextTurn();
      listener.stop();
      await withTimeout(Math.min(this.#drainMs, LINGER_MS), mux.settled());
    }
    mux.close();
  }
}
