import type { Duplex } from 'node:stream';
import type { ChannelOptions, Interceptor } from '@grpc/grpc-js';
import { inRootContext } from '../context/index.js';
import {
  ConnectionInfo,
  ENGINE_RULE,
  engineOf,
  refusalText,
  type EngineName,
  type GrpcEngine,
} from '../grpc/index.js';
import type { Handshaker } from '../listenmux/index.js';
import {
  func,
  listOf,
  openObject,
  OptionError,
  showValue,
  verifyOptions,
  type Rules,
} from '../options/index.js';
import { withTimeout } from '../wire/index.js';
import {
  authorize,
  AUTHORIZE_PEER_RULE,
  type AuthorizePeer,
  type PeerIdentity,
} from './authorize-peer.js';
import { ClientConn, type StubFactory } from './client-conn.js';
import { DEFAULT_DRAIN_MS, DRAIN_MS_RULE } from './drain-time.js';
import { HandshakeError, PeerRefusedError } from './errors.js';
import { BACKCHANNEL_MAGIC } from './magic.js';
import type { Departure } from './departure.js';
import type { PeerId } from './peer.js';
import { PeerConnectionInfo } from './peer-connection.js';
import { onlyStream } from './only-stream.js';
import { refusePeer } from './refuse-peer.js';
import { ListeningSession } from './listening-session.js';
import { Registry } from './registry.js';
import {
  SESSION_FACTORY_RULE,
  yamuxSessionFactory,
  type MultiplexSession,
  type SessionFactory,
} from './session-factory.js';

/** Options of a `ServerHandshaker`; all are optional. */
export interface ServerHandshakerOptions {
  /** Run on every backchannel call of a `ClientConn` stub. */
  interceptors?: Interceptor[];
  /** Options of the channels to peers, such as message limits and keepalive. */
  channelOptions?: ChannelOptions;
  /** Creates the stubs of `ClientConn.getService`. */
  createStubs?: (options: ClientConn['clientOptions']) => StubFactory;
  /** Decides which connections become peers, before a byte of their session is read. Default: all do. */
  authorizePeer?: AuthorizePeer | undefined;
  /**
   * Milliseconds that calls may take to finish when a connection ends gracefully. The time begins when the
   * other end announces that it leaves, or ends its forward stream. The connection ends after this time.
   * Default 10000.
   */
  drainMs?: number;
  /** Creates the multiplexed sessions. Default: `yamuxSessionFactory()`. */
  sessionFactory?: SessionFactory;
  /** gRPC engine. Default: `'built-in'`. */
  engine?: EngineName | GrpcEngine;
}

const RULES: Rules<ServerHandshakerOptions> = {
  interceptors: listOf('an array of interceptors', func<Interceptor>()),
  channelOptions: openObject(),
  createStubs: func(),
  authorizePeer: AUTHORIZE_PEER_RULE,
  drainMs: DRAIN_MS_RULE,
  sessionFactory: SESSION_FACTORY_RULE,
  engine: ENGINE_RULE,
};

/**
 * The listening side of the backchannel. Authorizes every multiplexed connection and creates a session on
 * it, takes the first stream as the gRPC connection of the client, opens a channel back, and registers the
 * peer until it leaves. Go: `backchannel.ServerHandshaker`.
 */
export class ServerHandshaker implements Handshaker<PeerConnectionInfo> {
  readonly magic = BACKCHANNEL_MAGIC;
  readonly #registry: Registry;
  readonly #options: ServerHandshakerOptions;
  readonly #createSession: SessionFactory;
  readonly #engine: GrpcEngine;
  readonly #drainMs: number;
  readonly #peers = new Map<ListeningSession, MultiplexSession>();
  #state: 'open' | 'closed' = 'open';

  /** @throws OptionError naming a bad option. */
  constructor(registry: Registry, options: ServerHandshakerOptions = {}) {
    if (!(registry instanceof Registry)) {
      const message = 'ServerHandshaker: the first argument must be a Registry';
      throw new OptionError(`${message}, not ${showValue(registry)}`, 'registry');
    }
    this.#registry = registry;
    const verified = verifyOptions('ServerHandshaker', RULES, options);
    this.#options = verified;
    this.#createSession = verified.sessionFactory ?? yamuxSessionFactory();
    this.#engine = engineOf(verified.engine);
    this.#drainMs = verified.drainMs ?? DEFAULT_DRAIN_MS;
    // Throws for a bad option; the channels of peers are created with their first calls.
    this.#engine.createStreamChannel(neverOpens, verified.channelOptions).close();
  }

  /**
   * Creates a session on `socket`, and registers the peer. Resolves with the stream of the client, to be
   * served, and with the result of `connectionOf(call)` for its calls.
   *
   * @throws HandshakeError (as a rejection) if the client ends the connection, or its stream, before it can
   * be served.
   * @throws HandshakeError (as a rejection) if the handshaker is closed by then.
   * @throws PeerRefusedError (as a rejection) if `authorizePeer` refuses the connection.
   */
  handshake(socket: Duplex): Promise<{ stream: Duplex; context: PeerConnectionInfo }> {
    return inRootContext(() => this.#handshake(socket));
  }

  async #handshake(socket: Duplex): Promise<{ stream: Duplex; context: PeerConnectionInfo }> {
    const connection = new ConnectionInfo(socket);
    const identity = await this.#authorize(socket, connection);
    const session = this.#createSession(socket, 'server');
    const stream = await onlyStream(session);
    if (this.#state === 'closed') {
      session.destroy();
      throw new HandshakeError('this side is closed');
    }
    // A client may open its stream and reset it in the same chunk. The stream has emitted its end by then,
    // so listeners that are added later would miss it.
    if (stream.destroyed) {
      session.destroy();
      throw new HandshakeError('the client reset its stream as it opened it');
    }
    return { stream, context: this.#welcome(socket, session, stream, connection, identity) };
  }

  /**
   * Begins the departure of all peers, for the first phase of a shutdown; in-flight calls continue. The
   * server of their forward calls sends GOAWAY, and ends the streams after the last call. Resolves when all
   * connections have ended, or after `drainMs` milliseconds, when the remaining ones are cut; never
   * rejects.
   */
  async drain(drainMs = this.#drainMs): Promise<void> {
    const peers = [...this.#peers];
    for (const [peer] of peers) peer.depart({ cause: 'shutdown' }, drainMs);
    await withTimeout(drainMs, Promise.all(peers.map(([, session]) => session.closed)));
  }

  /**
   * Ends all connections within one second, even if the other ends do not respond, and refuses new ones
   * until `open()` is called. Idempotent; never rejects.
   */
  async close(): Promise<void> {
    this.#state = 'closed';
    const peers = [...this.#peers.keys()];
    await Promise.all(peers.map((peer) => peer.close({ cause: 'shutdown' })));
  }

  /** Accepts connections again after `close()`. Idempotent. */
  open(): void {
    this.#state = 'open';
  }

  async #authorize(socket: Duplex, connection: ConnectionInfo): Promise<PeerIdentity> {
    const { authorizePeer } = this.#options;
    if (authorizePeer === undefined) return {};
    try {
      return await authorize(authorizePeer, socket, connection);
    } catch (error) {
      if (error instanceof PeerRefusedError) {
        const { why: reason, retryAfterMs: reconnectAfterMs } = error;
        const session = this.#createSession(socket, 'server');
        await refusePeer(session, refusalText({ reason, reconnectAfterMs }));
      }
      throw error;
    }
  }

  #welcome(
    socket: Duplex,
    session: MultiplexSession,
    stream: Duplex,
    connection: ConnectionInfo,
    identity: PeerIdentity,
  ): PeerConnectionInfo {
    const { channelOptions, interceptors, createStubs } = this.#options;
    const registry = this.#registry;
    // A subscriber of the registry may close the peer before `registerBackchannel` returns its id.
    let id: PeerId | undefined;
    let departed: Departure | undefined;
    const peer = new ListeningSession(
      {
        session,
        stream,
        connection,
        engine: this.#engine,
        channelOptions,
        createConn: (channel) => new ClientConn(channel, interceptors, createStubs),
        drainMs: this.#drainMs,
      },
      (departure) => {
        departed = departure;
        if (id !== undefined) registry.removeBackchannel(id, departure);
      },
    );
    this.#peers.set(peer, session);
    void session.closed.then(() => this.#peers.delete(peer));
    id = registry.registerBackchannel(peer.backchannel, { identity, link: peer });
    if (departed !== undefined) registry.removeBackchannel(id, departed);
    return new PeerConnectionInfo(socket, id, registry, { identity, session: peer });
  }
}

function neverOpens(): Promise<never> {
  return Promise.reject(new Error('the channel is closed'));
}
