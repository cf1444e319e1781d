import type { Duplex } from 'node:stream';
import type { ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import { inRootContext } from '../context/index.js';
import {
  CHANNEL_CREDENTIALS_RULE,
  ENGINE_RULE,
  engineOf,
  problemOfTarget,
  toOpened,
  UpgradeCredentials,
  type ConnectionInfo,
  type DialChannel,
  type EngineName,
  type GrpcEngine,
  type OpenStream,
} from '../grpc/index.js';
import { isHandshaker, ListenMux, type Handshaker } from '../listenmux/index.js';
import {
  func,
  like,
  listOf,
  MAX_TIMEOUT_MS,
  OptionError,
  showValue,
  text,
  verifyArgument,
  verifyOptions,
  type Rules,
} from '../options/index.js';
import { lendSocket, withTimeout } from '../wire/index.js';
import { DEFAULT_DRAIN_MS, DRAIN_MS_RULE } from './drain-time.js';
import { DialedConnectionInfo } from './dialed-connection-info.js';
import { HandshakeError } from './errors.js';
import { BACKCHANNEL_MAGIC } from './magic.js';
import { toConnectionServer, verifiedServer, type ServerFactory } from './server-factory.js';
import { DialingSession } from './dialing-session.js';
import {
  SESSION_FACTORY_RULE,
  yamuxSessionFactory,
  type SessionFactory,
} from './session-factory.js';

/** Options of a `ClientHandshaker`; all are optional. */
export interface ClientHandshakerOptions {
  /** Creates the multiplexed sessions. Default: `yamuxSessionFactory()`. */
  sessionFactory?: SessionFactory;
  /** gRPC engine. Default: `'built-in'`. */
  engine?: EngineName | GrpcEngine;
  /**
   * Milliseconds that calls of the other end may take to finish when a connection ends gracefully. Default
   * 10000.
   */
  drainMs?: number;
  /**
   * Handle the streams that the other end opens with `peer.openStream(magic)`; each handshaker gets the
   * streams with its magic. Default: none, every stream carries gRPC.
   */
  streamHandshakers?: Handshaker[];
}

const RULES: Rules<ClientHandshakerOptions> = {
  sessionFactory: SESSION_FACTORY_RULE,
  engine: ENGINE_RULE,
  drainMs: DRAIN_MS_RULE,
  streamHandshakers: listOf<Handshaker>(
    'an array of handshakers',
    like('a handshaker', isHandshaker),
  ),
};

/**
 * The dialing side of the backchannel. Creates a session on every connection of a channel, carries forward
 * gRPC on the first stream, and serves calls of the other end on the streams that the other end opens. Go:
 * `backchannel.ClientHandshaker`.
 */
export class ClientHandshaker {
  readonly #serverFactory: ServerFactory;
  readonly #createSession: SessionFactory;
  readonly #engine: GrpcEngine;
  readonly #drainMs: number;
  readonly #handshakers: readonly Handshaker[];
  readonly #sessions = new Set<DialingSession>();
  #closed = false;

  /** @throws OptionError naming a bad option. */
  constructor(serverFactory: ServerFactory, options: ClientHandshakerOptions = {}) {
    if (typeof serverFactory !== 'function') {
      const message = 'ClientHandshaker: the first argument must be a function that makes a server';
      throw new OptionError(`${message}, not ${showValue(serverFactory)}`, 'serverFactory');
    }
    const verified = verifyOptions('ClientHandshaker', RULES, options);
    this.#serverFactory = serverFactory;
    this.#createSession = verified.sessionFactory ?? yamuxSessionFactory();
    this.#engine = engineOf(verified.engine);
    this.#drainMs = verified.drainMs ?? DEFAULT_DRAIN_MS;
    this.#handshakers = verified.streamHandshakers ?? [];
    // Throws if two handshakers have the same magic.
    this.#createStreamMux(() => {});
  }

  /**
   * Returns credentials for a grpc-js channel or stub whose connections are multiplexed. `credentials`
   * secure the connection first; the handshake runs inside. When the channel closes, or either end closes
   * the connection, stream, session and socket are closed, and the server of the connection is stopped.
   *
   * grpc-js disconnects a channel that makes no call for 30 minutes, even if its backchannel is in use. Set
   * its option `grpc.client_idle_timeout_ms` higher, as `createChannel` does.
   */
  clientHandshake(credentials: ChannelCredentials): ChannelCredentials {
    // grpc-js dials in the async context of the call that needs the connection.
    verifyCredentials('clientHandshake', credentials);
    return new UpgradeCredentials(credentials, (socket) =>
      inRootContext(() => this.#handshake(socket)),
    );
  }

  /**
   * Creates a channel of the engine to `target` with multiplexed connections, for the option
   * `channelOverride` of any stub. Its idle timeout is 24 days unless `options` set another.
   *
   * @throws OptionError for a bad target, or for credentials of a listening side.
   */
  createChannel(
    target: string,
    credentials: ChannelCredentials,
    options?: ChannelOptions,
  ): DialChannel {
    verifyTarget(target);
    verifyCredentials('createChannel', credentials);
    return this.#engine.createDialChannel(
      target,
      credentials,
      (socket) => this.#handshake(socket),
      neverIdle(options),
    );
  }

  /**
   * Creates a channel like that of `createChannel`, on connections that `dial` makes. Each connection is a
   * reliable byte stream: bytes arrive in order and none is lost.
   *
   * @throws OptionError if `dial` is not a function.
   */
  createChannelOver(dial: OpenStream, options?: ChannelOptions): DialChannel {
    verifyArgument('ClientHandshaker.createChannelOver', 'first argument', DIAL_RULE, dial);
    return this.#engine.createStreamChannel(async (signal) => {
      const { stream, ...facts } = toOpened(await dial(signal));
      if (signal.aborted) {
        stream.destroy();
        throw signal.reason;
      }
      lendSocket(stream);
      return { stream: await this.#handshake(stream), ...facts };
    }, neverIdle(options));
  }

  /**
   * Ends all connections and makes no more. Sessions whose channel was closed end after their last call;
   * they have `graceMs` milliseconds for that. Takes at most `graceMs` plus one second. Idempotent; never
   * rejects.
   */
  async close(graceMs = 0): Promise<void> {
    this.#closed = true;
    const sessions = [...this.#sessions];
    if (sessions.length === 0) return;
    await withTimeout(graceMs, Promise.all(sessions.map((session) => session.closed)));
    await endAll(sessions);
  }

  /** Ends all current connections within one second; the channel may make others. Never rejects. */
  async disconnect(): Promise<void> {
    await endAll([...this.#sessions]);
  }

  /**
   * Returns the handler of streams that the other end opens; without handshakers all of them carry gRPC.
   */
  #streamHandler(served: DialingSession, connection: ConnectionInfo): (stream: Duplex) => void {
    const serve = (stream: Duplex): void => served.serve(stream, connection);
    if (this.#handshakers.length === 0) return serve;
    const mux = this.#createStreamMux(serve);
    return (stream) => {
      if (served.accept(stream)) mux.handle(stream);
    };
  }

  #createStreamMux(serve: (stream: Duplex) => void): ListenMux {
    // The session already limits its streams.
    const mux = new ListenMux({
      onConnection: ({ stream }) => serve(stream),
      maxConnections: Infinity,
      maxHandshakes: Infinity,
    });
    for (const handshaker of this.#handshakers) mux.register(handshaker);
    return mux;
  }

  async #handshake(socket: Duplex): Promise<Duplex> {
    if (this.#closed) throw new HandshakeError('this side is closed');
    const server = toConnectionServer(verifiedServer(this.#serverFactory()));
    // The magic leaves with the frames that follow in this turn of the event loop.
    socket.cork();
    setImmediate(() => socket.uncork());
    socket.write(BACKCHANNEL_MAGIC, 'latin1');
    const session = this.#createSession(socket, 'client');
    const served = new DialingSession(session, server, this.#drainMs);
    const connection = new DialedConnectionInfo(socket, (error) => served.fail(error));
    this.#sessions.add(served);
    session.onStream(this.#streamHandler(served, connection));
    void session.closed.then(() => this.#sessions.delete(served));
    try {
      const stream = await session.open();
      served.follow(stream);
      return stream;
    } catch (cause) {
      void served.close();
      throw new HandshakeError('the connection ended during the handshake', { cause });
    }
  }
}

const DIAL_RULE = func('a function that opens a byte stream');

/** @throws OptionError for a target that no engine can dial. */
function verifyTarget(target: unknown): void {
  verifyArgument('ClientHandshaker.createChannel', 'target', text, target);
  const problem = problemOfTarget(target as string);
  if (problem === undefined) return;
  throw new OptionError(`ClientHandshaker.createChannel: the target ${problem}`, 'target');
}

/** @throws OptionError for a value that is no credentials of a dialing side. */
function verifyCredentials(method: string, credentials: unknown): void {
  verifyArgument(
    `ClientHandshaker.${method}`,
    'credentials',
    CHANNEL_CREDENTIALS_RULE,
    credentials,
  );
}

async function endAll(sessions: readonly DialingSession[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.close()));
}

/** Completes channel options with an idle timeout of 24 days, the longest delay of Node's timers. */
function neverIdle(options: ChannelOptions = {}): ChannelOptions {
  const idleMs = options['grpc.client_idle_timeout_ms'] ?? MAX_TIMEOUT_MS;
  return { ...options, 'grpc.client_idle_timeout_ms': idleMs };
}
