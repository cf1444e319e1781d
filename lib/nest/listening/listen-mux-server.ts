import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Registry, serveConnections } from '../../backchannel/index.js';
import {
  channelLeftToGrpcJs,
  engineOf,
  serverLeftToGrpcJs,
  type StreamServer,
} from '../../grpc/index.js';
import { ListenMuxError, listenMuxLimitsOf } from '../../listenmux/index.js';
import { verifyOptions } from '../../options/index.js';
import { LINGER_MS, withTimeout } from '../../wire/index.js';
import type { CarrierListener } from '../carrying/carrier.js';
import { drainMsOf, drainServer } from '../closing/shut-down.js';
import { unknownService } from '../grpc/unknown-service.js';
import { logLeftToGrpcJs } from '../log/engine-log.js';
import { RateLimitedLog } from '../log/rate-limited-log.js';
import { toListeningServerOptions } from '../options/channel-options.js';
import { SERVER_RULES } from '../options/option-rules.js';
import type { ListenMuxServerOptions } from '../options/options.js';
import { StandardServicesServer } from '../standard-services/standard-services-server.js';
import {
  listeningPartsOf,
  type ListeningParts,
  type ListenMuxServerParts,
} from './listening-parts.js';
import { logPeers, logRefusal } from './peer-log.js';

/**
 * Lines that say who came, and as many that say who went, every 10 seconds: more than a person reads.
 * Who wants to know of everyone has `Registry.peers$`.
 */
const MAX_PEER_LINES = 100;

/** Services of peers that there are stubs of, in all servers of the process. */
const knownServices = new Set<string>();

/**
 * The listening side as a transport strategy of Nest: serves controllers as the stock gRPC transport
 * does, to multiplexed clients, which can be called back, and to plain ones on the same port.
 *
 * Order of its life: services are bound before the port is opened. On `close()` the port is closed
 * first and everybody is told to go elsewhere (GOAWAY), which clients of this package do before they
 * leave; then calls in both directions finish, within `drainMs`; then connections end. It may listen
 * again after `close()`.
 */
export class ListenMuxServer extends StandardServicesServer {
  /** @internal */
  protected override readonly logger = new Logger(ListenMuxServer.name);
  readonly #options: ListenMuxServerOptions;
  readonly #parts: ListeningParts;
  readonly #drainMs: number;
  readonly #peerLog = new RateLimitedLog(this.logger, { maxLines: MAX_PEER_LINES });
  readonly #refusalLog = new RateLimitedLog(this.logger);
  /** Undefined while this server does not listen. */
  #listener: CarrierListener | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param registry - has the peers. Default: a new one.
   * @param parts - used in place of those that the server would create.
   * @throws OptionError naming a bad option; what Nest throws for bad proto options.
   */
  constructor(
    options: ListenMuxServerOptions,
    registry: Registry = new Registry(),
    parts: ListenMuxServerParts = {},
  ) {
    const verified = verifyOptions('ListenMuxServer', SERVER_RULES, options);
    super(verified, { call: 'ListenMuxServer', option: 'services' });
    this.#options = verified;
    this.#drainMs = drainMsOf(verified);
    this.#parts = listeningPartsOf(verified, registry, parts);
    for (const name of this.peerServices) knownServices.add(name);
    logPeers(this.#peerLog, registry);
  }

  /** The peers of this server. */
  get registry(): Registry {
    return this.#parts.registry;
  }

  /** @internal Names of the services of peers that there are stubs of. */
  get peerServices(): readonly string[] {
    return this.#parts.peerServices?.names ?? [];
  }

  /** Where it listens: the address with the port that was chosen, or a path; null while it does not. */
  get address(): AddressInfo | string | null {
    return this.#listener?.address ?? null;
  }

  /** Called by Nest: binds the handlers and opens the port; `callback` gets the error if that fails. */
  override async listen(
    callback: (error?: unknown, ...optionalParams: unknown[]) => void,
  ): Promise<void> {
    const error = await this.#inTurn(() => this.#start());
    if (error === undefined) callback();
    else callback(error);
  }

  /** Binds the handlers, then opens the port: no call ever finds it half ready. */
  override async start(callback?: () => void): Promise<void> {
    await this.bindEvents();
    this.#verifyBackchannelUses();
    await this.#openPort();
    callback?.();
  }

  /** Makes the server of the engine, without any service or port yet. */
  override createClient(): Promise<StreamServer> {
    const engine = engineOf(this.#options.engine);
    const whyServer = serverLeftToGrpcJs(toListeningServerOptions(this.#options));
    logLeftToGrpcJs(this.logger, engine, 'this server', whyServer);
    const whyChannels = channelLeftToGrpcJs(this.#parts.peerServices?.channelOptions ?? {});
    logLeftToGrpcJs(this.logger, engine, 'the channel to each peer', whyChannels);
    return Promise.resolve(engine.createServer(toListeningServerOptions(this.#options)));
  }

  /** Idempotent. */
  override close(): Promise<void> {
    return this.#inTurn(() => this.#close());
  }

  /** The server of the gRPC library: with the default engine the `Server` of grpc-js. */
  override unwrap<T>(): T {
    const server = this.grpcClient as StreamServer | null | undefined;
    if (!server) throw new Error('there is no gRPC server before listen() and after close()');
    return server.unwrap() as T;
  }

  /** Handlers may be for another server: every service is known that any of them has. */
  #verifyBackchannelUses(): void {
    const unknown = this.backchannelUses.find(
      ({ service }) => service !== undefined && !knownServices.has(service),
    );
    if (unknown === undefined) return;
    const place = { call: 'ListenMuxServer', option: 'backchannel' };
    throw unknownService(unknown, this.peerServices, place);
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
      // Also emitted for each new connection while there are no file descriptors left.
      onError: (error) => {
        this.#refusalLog.write('error', 'errors of the listener', () => [error]);
      },
    });
  }

  /** Starts and ends never overlap, in whatever order they are asked for. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(step);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Resolves with the error if it fails; nothing stays open then. */
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
    // The remaining peers must be told in this same turn: cut without a GOAWAY, they would count it a loss.
    const peersClosed = handshaker.close();
    server?.forceShutdown();
    await Promise.all([peersClosed, mux.closeConnections(LINGER_MS)]);
    this.#peerLog.flush();
    this.#refusalLog.flush();
  }

  /**
   * Stops accepting connections. Those in their handshake may complete it first and then get a GOAWAY: a
   * client whose handshake is cut takes this side for broken.
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
