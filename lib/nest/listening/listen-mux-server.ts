import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import {
  Registry,
  serveConnections,
  ServerHandshaker,
  yamuxSessionFactory,
  type PeerConnectionInfo,
  type SessionFactory,
} from '../../backchannel/index.js';
import {
  channelLeftToGrpcJs,
  createListener,
  engineOf,
  serverLeftToGrpcJs,
  type StreamServer,
} from '../../grpc/index.js';
import {
  ListenMux,
  ListenMuxError,
  listenMuxLimitsOf,
  type ListenMuxLimits,
} from '../../listenmux/index.js';
import { verifyOptions } from '../../options/index.js';
import { withTimeout } from '../../wire/index.js';
import { toListeningServerOptions } from '../options/channel-options.js';
import { logLeftToGrpcJs } from '../log/engine-log.js';
import { NetworkListener, type BackchannelNetwork } from '../network.js';
import { SERVER_RULES } from '../options/option-rules.js';
import type { ListenMuxServerOptions } from '../options/options.js';
import { RateLimitedLog } from '../log/rate-limited-log.js';
import { drainMsOf, drainServer } from '../closing/shut-down.js';
import { StandardServicesServer } from '../standard-services/standard-services-server.js';
import { unknownService } from '../grpc/unknown-service.js';
import { listenAddresses } from './listen-address.js';
import { ListenerGroup } from './listener-group.js';
import { logPeers, logRefusal } from './peer-log.js';
import { PeerServices } from './peer-stubs.js';

/** Milliseconds that connections have to send what is written and to see the other end close. */
const LAST_WORDS_MS = 1000;

/**
 * Lines that say who came, and as many that say who went, every 10 seconds: more than a person reads.
 * Who wants to know of everyone has `Registry.peers$`.
 */
const MAX_PEER_LINES = 100;

/** Services of peers that there are stubs of, in all servers of the process. */
const knownServices = new Set<string>();

/** All that there is while it listens. */
interface Listening {
  readonly listeners: ListenerGroup | NetworkListener;
  readonly mux: ListenMux<PeerConnectionInfo>;
  readonly handshaker: ServerHandshaker;
}

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
  readonly #registry: Registry;
  readonly #network: BackchannelNetwork | null;
  readonly #sessionFactory: SessionFactory;
  readonly #peerServices: PeerServices | undefined;
  readonly #drainMs: number;
  readonly #limits: ListenMuxLimits;
  readonly #peerLog = new RateLimitedLog(this.logger, { maxLines: MAX_PEER_LINES });
  readonly #refusalLog = new RateLimitedLog(this.logger);
  #listening: Listening | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param registry - where peers are kept; one of its own by default.
   * @param network - where connections come from; null is TCP.
   * @throws OptionError naming a bad option; what Nest throws for bad proto options.
   */
  constructor(
    options: ListenMuxServerOptions,
    registry: Registry = new Registry(),
    network: BackchannelNetwork | null = null,
  ) {
    const verified = verifyOptions('ListenMuxServer', SERVER_RULES, options);
    super(verified, { call: 'ListenMuxServer', option: 'services' });
    this.#options = verified;
    this.#registry = registry;
    this.#network = network;
    this.#drainMs = drainMsOf(verified);
    this.#limits = listenMuxLimitsOf(verified);
    this.#sessionFactory = verified.sessionFactory ?? yamuxSessionFactory(verified.yamux);
    this.#peerServices = verified.backchannel && new PeerServices(verified.backchannel);
    for (const name of this.peerServices) knownServices.add(name);
    logPeers(this.#peerLog, registry);
  }

  /** The peers of this server. */
  get registry(): Registry {
    return this.#registry;
  }

  /** @internal Names of the services of peers that there are stubs of. */
  get peerServices(): readonly string[] {
    return this.#peerServices?.names ?? [];
  }

  /** Where it listens: the address with the port that was chosen, or a path; null while it does not. */
  get address(): AddressInfo | string | null {
    return this.#listening?.listeners.address ?? null;
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
    const whyChannels = channelLeftToGrpcJs(this.#peerServices?.channelOptions ?? {});
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
    const handshaker = this.#createHandshaker();
    const mux = this.#createMux().register(handshaker);
    if (this.#network !== null) {
      const listeners = new NetworkListener(this.#network, this.url, (socket) =>
        mux.handle(socket),
      );
      this.#listening = { listeners, mux, handshaker };
      return;
    }
    const listeners = new ListenerGroup(() => {
      const server = createListener(this.#options.credentials, this.#limits.handshakeTimeoutMs);
      mux.attach(server);
      return server;
    });
    this.#listening = { listeners, mux, handshaker };
    const failures = await listeners.listen(await listenAddresses(this.url), (error) => {
      // Also when there are no file descriptors left for those who connect, each of them.
      this.#refusalLog.write('error', 'errors of the listener', () => [error]);
    });
    for (const { message } of failures) {
      this.logger.warn(`${this.url}: does not listen on one of its addresses: ${message}`);
    }
  }

  #createMux(): ListenMux<PeerConnectionInfo> {
    const { allowPlainClients = true } = this.#options;
    const serve = serveConnections(this.grpcClient as StreamServer);
    return new ListenMux<PeerConnectionInfo>({
      onConnection: (connection) => {
        if (connection.context !== undefined || allowPlainClients) return serve(connection);
        const problem = 'it is not multiplexed ("allowPlainClients" is false)';
        throw new ListenMuxError('ERR_LISTENMUX_PLAIN_CLIENT', problem);
      },
      onHandshakeError: (error, socket) => logRefusal(this.#refusalLog, error, socket),
      ...this.#limits,
    });
  }

  #createHandshaker(): ServerHandshaker {
    const { authorizePeer, engine } = this.#options;
    const services = this.#peerServices;
    return new ServerHandshaker(this.#registry, {
      authorizePeer,
      sessionFactory: this.#sessionFactory,
      engine: engineOf(engine),
      drainMs: this.#drainMs,
      ...(services && {
        channelOptions: services.channelOptions,
        interceptors: services.interceptors,
        createStubs: (clientOptions) => services.createStubs(clientOptions),
      }),
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
    const server = this.grpcClient as StreamServer | null | undefined;
    const listening = this.#listening;
    this.grpcClient = null;
    this.#listening = undefined;

    this.endStandardServices();
    if (listening !== undefined) await this.#stopAccepting(listening);
    await Promise.all([
      listening?.handshaker.drain(this.#drainMs),
      server && drainServer(server, this.#drainMs),
    ]);
    // Peers that are left are told so first, in this very turn; cut, they would take it for a loss.
    const peersClosed = listening?.handshaker.close();
    server?.forceShutdown();
    await Promise.all([peersClosed, listening?.listeners.closeConnections(LAST_WORDS_MS)]);
    this.#peerLog.flush();
    this.#refusalLog.flush();
  }

  /**
   * Those who have connected already, and only shake hands, may get through, to be told to go elsewhere:
   * hung up on, they would take this side for broken.
   */
  async #stopAccepting({ listeners, mux }: Listening): Promise<void> {
    // The system may have accepted some for us that we have not seen.
    if (this.#drainMs > 0) for (let turn = 0; turn < 2; turn++) await nextTurn();
    listeners.stopAccepting();
    await withTimeout(Math.min(this.#drainMs, LAST_WORDS_MS), mux.settled());
    mux.close();
  }
}
