import {
  credentials,
  type ChannelCredentials,
  type ChannelInterface,
  type ChannelOptions,
  type ClientOptions,
} from '@grpc/grpc-js';
import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { filter, firstValueFrom, type Observable, type Subscription } from 'rxjs';
import { DrainTime, NotConnectedError, type ClientHandshaker } from '../../backchannel/index.js';
import {
  BorrowedChannel,
  channelLeftToGrpcJs,
  engineOf,
  keepConnected,
  obeyPeer,
  type DialChannel,
} from '../../grpc/index.js';
import {
  func,
  millisecondsOrInfinity,
  verifyArgument,
  verifyOptions,
} from '../../options/index.js';
import { setLongTimer } from '../../wire/index.js';
import type { BackchannelCarrier } from '../carrying/carrier.js';
import { toDialingChannelOptions } from '../options/channel-options.js';
import { logLeftToGrpcJs } from '../log/engine-log.js';
import { GrpcStubs } from '../grpc/grpc-stubs.js';
import { CLIENT_RULES } from '../options/option-rules.js';
import type { BackchannelClientOptions } from '../options/options.js';
import { verifyProto } from '../options/stock-option-rules.js';
import { drainMsOf } from '../closing/shut-down.js';
import type { BackchannelServer } from './backchannel-server.js';
import { setClientOf } from './client-of-connection.js';
import { logConnection } from './connection-log.js';
import { ConnectionStates, STATE_RULE, type ConnectionState } from './connection-state.js';
import {
  dialingPartsOf,
  verifyDialingParts,
  type BackchannelClientParts,
} from './dialing-parts.js';
import { verifyProxy, verifyUrl } from './verify-dialing-options.js';

/** Address that Nest's own gRPC client dials by default. */
const DEFAULT_URL = 'localhost:5000';

/**
 * The dialing side as a Nest client: a `ClientGrpc` for forward calls, whose one connection also carries
 * calls of the other end to the controllers of this application.
 *
 * Connects when the application starts, and stays connected until it is closed, unless `lazy`. A client
 * with the option `backchannel` connects when its controllers are ready: pass its `strategy` to Nest, as
 * `connectBackchannel(app)` does.
 */
export class BackchannelClient
  extends GrpcStubs
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  readonly #strategy: BackchannelServer | undefined;
  readonly #channel: DialChannel;
  readonly #states: ConnectionStates;
  readonly #handshaker: ClientHandshaker;
  readonly #drainTime: DrainTime;
  readonly #lazy: boolean;
  readonly #lossPauseMs: number | undefined;
  readonly #borrowed: ChannelInterface;
  #stopKeeping: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param parts - replace the parts that the client would create.
   * @throws OptionError naming a bad option; Error of Nest for bad proto options.
   */
  constructor(given: BackchannelClientOptions, parts: BackchannelClientParts = {}) {
    const options = verifyOptions('BackchannelClient', CLIENT_RULES, given);
    verifyProto('BackchannelClient', options);
    verifyProxy(options);
    verifyDialingParts(parts);
    const url = options.url ?? DEFAULT_URL;
    const channelOptions = toDialingChannelOptions(options);
    const { carrier, handshaker, server } = dialingPartsOf(options, parts);
    if (carrier.dial === undefined) verifyUrl(url);
    const channel = createChannel(handshaker, carrier, url, options.credentials, channelOptions);
    const borrowed = new BorrowedChannel(channel);
    super(options, borrowed);
    this.verifyServices({ call: 'BackchannelClient', option: 'services' });
    this.#strategy = server;
    this.#channel = channel;
    const { obeyHub = true } = options;
    // Before all other watchers of the channel.
    if (obeyHub) obeyPeer(channel);
    this.#states = new ConnectionStates(channel);
    this.#handshaker = handshaker;
    this.#drainTime = server?.drainTime ?? new DrainTime(drainMsOf(options));
    this.#lazy = options.lazy ?? false;
    this.#lossPauseMs = channelOptions['grpc.initial_reconnect_backoff_ms'];
    this.#borrowed = borrowed;
    server?.belongTo({
      onListen: () => this.#keepConnected(),
      onClose: () => this.#letGo(),
      onReopen: () => this.#reconnect(),
      onServe: (connection) => setClientOf(connection, this),
    });
    logConnection(url, this.#states.all$, { channel, obeyHub });
    const dialed = carrier.dial === undefined ? url : undefined;
    const why = channelLeftToGrpcJs(channelOptions, dialed);
    const logger = new Logger('BackchannelClient');
    logLeftToGrpcJs(logger, engineOf(options.engine), `the client of ${url}`, why);
  }

  /** Whether the client serves controllers to the other end: whether it has the option `backchannel`. */
  get serves(): boolean {
    return this.#strategy !== undefined;
  }

  /**
   * Strategy that serves the controllers of the application to the other end.
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

  /** Current state of the connection. */
  get connection(): ConnectionState {
    return this.#states.current;
  }

  /** Emits the current state of the connection and every later one; completes when the client is closed. */
  get connection$(): Observable<ConnectionState> {
    return this.#states.all$;
  }

  /**
   * Calls `listener` whenever the connection enters a state, and now if it is in that state. The listener
   * cannot be removed; subscribe to `connection$` to unsubscribe later.
   */
  override on<State extends ConnectionState['state']>(
    state: State,
    listener: (connection: Extract<ConnectionState, { state: State }>) => void,
  ): void;
  /** Signature of the base class. */
  override on<None extends never, Listener>(state: None, listener: Listener): void;
  override on(
    state: ConnectionState['state'],
    listener: (connection: ConnectionState) => void,
  ): void {
    verifyArgument('client.on', 'state', STATE_RULE, state);
    verifyArgument('client.on', 'listener', func(), listener);
    this.connection$
      .pipe(filter((connection) => connection.state === state))
      .subscribe((connection) => listener(connection));
  }

  /**
   * Connects, even if the other end has asked this side to stay away. Resolves when calls can be made.
   *
   * @param deadlineMs - maximum wait in milliseconds. Default 20000.
   * @throws NotConnectedError (as a rejection) if there is no connection by then, with the error of the
   * last attempt; or if the client is closed.
   * @throws OptionError (as a rejection) for a bad deadline.
   */
  override async connect(deadlineMs = 20_000): Promise<void> {
    verifyArgument('client.connect', 'deadline', millisecondsOrInfinity, deadlineMs);
    await this.#connected(deadlineMs);
  }

  #connected(deadlineMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let lastError: Error | undefined;
      let subscription: Subscription | undefined;
      const settle = (action: () => void): void => {
        stopTimer();
        queueMicrotask(() => subscription?.unsubscribe());
        action();
      };
      const stopTimer = setLongTimer(deadlineMs, () =>
        settle(() => reject(new NotConnectedError(this.url, deadlineMs, lastError))),
      );
      subscription = this.#states.all$.subscribe((connection) => {
        if ('error' in connection) lastError = connection.error ?? lastError;
        if (connection.state === 'ready') settle(resolve);
        if (connection.state === 'closed') settle(() => reject(new NotConnectedError(this.url)));
      });
      if (this.connection.state === 'closed') return;
      this.#channel.hold?.(0);
      this.#channel.getConnectivityState(true);
    });
  }

  /** Returns the channel of the forward calls, for other stubs. Its `close()` has no effect. */
  override unwrap<T = ChannelInterface>(): T {
    return this.#borrowed as T;
  }

  /**
   * Options that bind a grpc-js client to this connection, with the interceptors of `channelOptions`: pass
   * them to the constructor of any stub. The transformer counts messages that wait in the stub towards the
   * memory limit of the connection.
   */
  get clientOptions(): Pick<
    ClientOptions,
    'channelOverride' | 'interceptors' | 'interceptor_providers' | 'callInvocationTransformer'
  > {
    const { interceptors, interceptor_providers, callInvocationTransformer } = this.options
      .channelOptions as ClientOptions;
    return {
      channelOverride: this.#borrowed,
      ...(interceptors && { interceptors }),
      ...(interceptor_providers && { interceptor_providers }),
      ...(callInvocationTransformer && { callInvocationTransformer }),
    };
  }

  /**
   * Closes the client in two steps, which together take at most `drainMs`. First the other end learns that
   * this side leaves, and its calls finish; their handlers may still make forward calls. Then no more
   * forward calls begin. In-flight forward calls finish, and so do the backchannel calls that they cause.
   * The connection closes last. With `gracefulShutdown: false` all calls end at once. Idempotent; resolves
   * when the connection is closed.
   */
  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * Called by Nest when the application starts. A client that serves connects when its handlers are ready.
   */
  onApplicationBootstrap(): void {
    if (!this.serves) this.#keepConnected();
  }

  /** Called by Nest when the application closes: `close()`. */
  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#letGo();
    await this.#strategy?.close();
    await super.close();
    this.#channel.close();
    await this.#handshaker.close(this.#drainTime.leftMs);
  }

  #keepConnected(): void {
    if (this.#closing !== undefined || this.#lazy) return;
    // The constructor has decided whether to obey.
    this.#stopKeeping ??= keepConnected(this.#channel, this.serves, this.#lossPauseMs, false);
  }

  /**
   * Ends the connection. The other end has removed this peer, and only a new connection registers it again.
   */
  async #reconnect(): Promise<void> {
    this.#drainTime.reset();
    // Cutting an attempt to connect would count as a failure, and delay calls until the next attempt.
    await firstValueFrom(this.connection$.pipe(filter(({ state }) => state !== 'connecting')));
    await this.#handshaker.disconnect();
  }

  #letGo(): void {
    this.#stopKeeping?.();
    this.#stopKeeping = undefined;
  }
}

/** Creates the channel of the client: the engine dials, unless the carrier does. */
function createChannel(
  handshaker: ClientHandshaker,
  carrier: BackchannelCarrier,
  url: string,
  given: ChannelCredentials | undefined,
  options: ChannelOptions,
): DialChannel {
  const security = given ?? credentials.createInsecure();
  if (carrier.dial === undefined) return handshaker.createChannel(url, security, options);
  return handshaker.createChannelOver(
    (signal) => carrier.dial!(url, { signal, credentials: security }),
    options,
  );
}
