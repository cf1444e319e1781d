import type { AddressInfo } from 'node:net';
import {
  Registry,
  serveConnections,
  ServerHandshaker,
  yamuxSessionFactory,
  type PeerConnection,
  type SessionFactory,
} from '../backchannel/index.js';
import { createListener, engineOf, type StreamServer } from '../grpc/index.js';
import { ListenMux } from '../listenmux/index.js';
import { toServerOptions } from './channel-options.js';
import { GrpcHandlers } from './grpc-handlers.js';
import { listenAddresses } from './listen-address.js';
import { ListenerGroup } from './listener-group.js';
import type { ListenMuxServerOptions } from './options.js';
import { PeerServices } from './peer-stubs.js';
import { drainMsOf, shutDown } from './shut-down.js';

/** Milliseconds that connections have to send what is written and to see the other end close. */
const LAST_WORDS_MS = 1000;

/**
 * The listening side as a transport strategy of Nest: serves controllers as the stock gRPC transport
 * does, to multiplexed clients, which can be called back, and to plain ones on the same port.
 *
 * Order of its life: services are bound before the port is opened; on `close()` the port is closed
 * first, then calls end (`gracefulShutdown` lets them finish within `drainMs`), then connections.
 * It may listen again after `close()`.
 */
export class ListenMuxServer extends GrpcHandlers {
  readonly #options: ListenMuxServerOptions;
  readonly #registry: Registry;
  readonly #sessionFactory: SessionFactory;
  readonly #peerServices: PeerServices | undefined;
  readonly #drainMs: number;
  #listeners: ListenerGroup | undefined;
  #mux: ListenMux<PeerConnection> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param registry - where peers are kept; one of its own by default.
   * @throws Error naming a bad option; what Nest throws for bad proto options.
   */
  constructor(options: ListenMuxServerOptions, registry: Registry = new Registry()) {
    super({ ...options });
    this.#options = options;
    this.#registry = registry;
    this.#drainMs = drainMsOf(options);
    this.#sessionFactory = options.sessionFactory ?? yamuxSessionFactory(options.yamux);
    this.#peerServices = options.backchannel && new PeerServices(options.backchannel);
  }

  /** The peers of this server. */
  get registry(): Registry {
    return this.#registry;
  }

  /** Where it listens: the address with the port that was chosen, or a path; null while it does not. */
  get address(): AddressInfo | string | null {
    return this.#listeners?.address ?? null;
  }

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
    await this.#openPort();
    callback?.();
  }

  override createClient(): Promise<StreamServer> {
    const engine = engineOf(this.#options.engine);
    return Promise.resolve(engine.createServer(toServerOptions(this.#options)));
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

  async #openPort(): Promise<void> {
    const { credentials, handshakeTimeoutMs } = this.#options;
    const mux = this.#createMux();
    const listeners = new ListenerGroup(() => {
      const server = createListener(credentials, handshakeTimeoutMs);
      mux.attach(server);
      return server;
    });
    this.#mux = mux;
    this.#listeners = listeners;
    await listeners.listen(await listenAddresses(this.url), (error) => this.logger.error(error));
  }

  #createMux(): ListenMux<PeerConnection> {
    const { handshakeTimeoutMs } = this.#options;
    const services = this.#peerServices;
    const mux = new ListenMux<PeerConnection>({
      onConnection: serveConnections(this.grpcClient as StreamServer),
      onHandshakeError: (error) => this.logger.warn(`connection refused: ${error.message}`),
      ...(handshakeTimeoutMs !== undefined && { handshakeTimeoutMs }),
    });
    return mux.register(
      new ServerHandshaker(this.#registry, {
        sessionFactory: this.#sessionFactory,
        engine: engineOf(this.#options.engine),
        ...(services && {
          channelOptions: services.channelOptions,
          interceptors: services.interceptors,
          createStubs: (clientOptions) => services.createStubs(clientOptions),
        }),
      }),
    );
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
    const listeners = this.#listeners;
    this.grpcClient = null;
    this.#listeners = undefined;

    listeners?.stopAccepting();
    this.#mux?.close();
    if (server) await shutDown(server, this.#drainMs);
    await listeners?.closeConnections(LAST_WORDS_MS);
  }
}
