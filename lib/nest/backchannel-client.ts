import { connectivityState, credentials, type ChannelInterface, type Client } from '@grpc/grpc-js';
import type { OnApplicationShutdown } from '@nestjs/common';
import { ClientHandshaker, yamuxSessionFactory } from '../backchannel/index.js';
import { engineOf, keepConnected } from '../grpc/index.js';
import { BackchannelServer } from './backchannel-server.js';
import { toChannelOptions } from './channel-options.js';
import { GrpcStubs } from './grpc-stubs.js';
import type { BackchannelClientOptions } from './options.js';
import { drainMsOf } from './shut-down.js';
import { hasInterceptors, unaryMethod, type StubMethod } from './unary-method.js';

/** Port and host that Nest's own gRPC client dials by default. */
const DEFAULT_URL = 'localhost:5000';

/**
 * The dialing side as a client of Nest: a `ClientGrpc` for forward calls, whose one connection also
 * carries the calls that the other end makes to this application's controllers.
 *
 * Hand `strategy` to Nest (`connectBackchannel(app)` does) to have the controllers served; from then
 * on the client connects by itself and stays connected until it is closed. Without, it connects with
 * the first call, as the stock client does.
 */
export class BackchannelClient extends GrpcStubs implements OnApplicationShutdown {
  readonly #strategy: BackchannelServer | undefined;
  readonly #channel: ChannelInterface;
  readonly #handshaker: ClientHandshaker;
  readonly #drainMs: number;
  readonly #isIntercepted: boolean;
  #stopKeeping: (() => void) | undefined;
  #closed = false;

  /** @throws Error naming a bad option; what Nest throws for bad proto options. */
  constructor(options: BackchannelClientOptions) {
    const engine = engineOf(options.engine);
    const drainMs = drainMsOf(options);
    const strategy =
      options.backchannel &&
      new BackchannelServer(options.backchannel, {
        engine,
        drainMs,
        onListen: () => this.#keepConnected(),
        onClose: () => this.#letGo(),
      });
    const handshaker = new ClientHandshaker(
      () => strategy?.createConnectionServer() ?? engine.createServer(),
      {
        engine,
        sessionFactory: options.sessionFactory ?? yamuxSessionFactory(options.yamux),
      },
    );
    const channel = handshaker.createChannel(
      options.url ?? DEFAULT_URL,
      options.credentials ?? credentials.createInsecure(),
      toChannelOptions(options),
    );
    super({ ...options, channelOptions: { ...options.channelOptions, channelOverride: channel } });
    this.#strategy = strategy;
    this.#channel = channel;
    this.#handshaker = handshaker;
    this.#drainMs = drainMs;
    this.#isIntercepted = hasInterceptors(options.channelOptions);
  }

  /** Whether it has something to serve to the other end: the option `backchannel`. */
  get serves(): boolean {
    return this.#strategy !== undefined;
  }

  /**
   * Serves the application's controllers to the other end.
   *
   * @throws Error if the client has no option `backchannel`.
   */
  get strategy(): BackchannelServer {
    if (this.#strategy === undefined) {
      throw new Error(
        `the client of ${this.url} has nothing to serve to the other end: set its option "backchannel" ({ package, protoPath })`,
      );
    }
    return this.#strategy;
  }

  /**
   * Connects, and resolves when calls can be made.
   *
   * @param deadlineMs - milliseconds to wait at most. Default 20000.
   * @throws Error (as a rejection) when it was not connected by then, or is closed.
   */
  override async connect(deadlineMs = 20_000): Promise<void> {
    const channel = this.#channel;
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return;
      if (this.#closed) throw new Error(`the client of ${this.url} is closed`);
      await new Promise<void>((resolve, reject) => {
        channel.watchConnectivityState(state, deadline, (error) => {
          if (error === undefined) resolve();
          else reject(new Error(`no connection to ${this.url} within ${deadlineMs} ms`));
        });
      });
    }
  }

  override createUnaryServiceMethod(client: Client, methodName: string): StubMethod {
    const stock = super.createUnaryServiceMethod(client, methodName);
    return this.#isIntercepted ? stock : unaryMethod(client, methodName, stock);
  }

  /** The channel that carries the forward calls. */
  override unwrap<T = ChannelInterface>(): T {
    return this.#channel as T;
  }

  /**
   * Makes no more calls and closes the connection. Calls under way, in both directions, end with it;
   * with `gracefulShutdown` the forward ones may finish within `drainMs` first. Idempotent; resolves
   * when the connection is closed.
   */
  override async close(): Promise<void> {
    this.#closed = true;
    this.#letGo();
    super.close();
    this.#channel.close();
    await this.#handshaker.close(this.#drainMs);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  #keepConnected(): void {
    if (this.#closed) return;
    this.#stopKeeping ??= keepConnected(this.#channel);
  }

  #letGo(): void {
    this.#stopKeeping?.();
    this.#stopKeeping = undefined;
  }
}
