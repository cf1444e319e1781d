import type { Duplex } from 'node:stream';
import type { ChannelOptions, Interceptor } from '@grpc/grpc-js';
import { inRootContext } from '../context/index.js';
import {
  ConnectionInfo,
  ENGINE_RULE,
  engineOf,
  refuseClient,
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
} from './authorization.js';
import { ClientConn, type StubFactory } from './client-conn.js';
import { DEFAULT_DRAIN_MS, DRAIN_MS_RULE } from './drain-time.js';
import { endSession } from './end-session.js';
import { HandshakeError, PeerRefusedError } from './errors.js';
import { BACKCHANNEL_MAGIC } from './magic.js';
import type { Departure, PeerId } from './peer.js';
import { PeerConnectionInfo } from './peer-connection.js';
import { ListeningSession } from './listening-session.js';
import { Registry } from './registry.js';
import {
  SESSION_FACTORY_RULE,
  yamuxSessionFactory,
  type MultiplexSession,
  type SessionFactory,
} from './session-factory.js';

/** Options of a `ServerHandshaker`; all may be left out. */
export interface ServerHandshakerOptions {
  /** Run on every backchannel call made with a stub of `ClientConn`. */
  interceptors?: Interceptor[];
  /** Options of the channels to peers: message limits, keepalive and the like. */
  channelOptions?: ChannelOptions;
  /** Makes what `ClientConn.getService` uses. */
  createStubs?: (options: ClientConn['clientOptions']) => StubFactory;
  /** Decides who becomes a peer, before a byte of their session is read. Default: everybody does. */
  authorizePeer?: AuthorizePeer | undefined;
  /**
   * Milliseconds that calls may take to finish when a connection ends in order: from when the other end
   * says that it goes, or ends its calls, until the connection ends. Default 10000.
   */
  drainMs?: number;
  /** What multiplexes. Default: `yamuxSessionFactory()`. */
  sessionFactory?: SessionFactory;
  /** What speaks gRPC. Default: `'built-in'`. */
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
 * The listening side of the backchannel: makes a session of every connection that asks for one and is
 * let in, takes its first stream as the client's gRPC connection, opens a channel back, and keeps the
 * peer in the registry for as long as all of that lives. Go: `backchannel.ServerHandshaker`.
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
  }

  /**
   * Makes a session of `socket` and a peer of its other end. Resolves with the client's stream, to be
   * served, and with what `connectionOf(call)` gives for calls on it.
   *
   * @throws HandshakeError if the client ends the connection, or its stream, before it can be served.
   * @throws HandshakeError if the handshaker is closed by then.
   * @throws PeerRefusedError if `authorizePeer` does not let it in.
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
    // Reset with the very bytes that opened it, it has said so already: nobody would be told again.
    if (stream.destroyed) {
      session.destroy();
      throw new HandshakeError('the client reset its stream as it opened it');
    }
    return { stream, context: this.#welcome(socket, session, stream, connection, identity) };
  }

  /**
   * All peers depart, calls under way go on: for the first phase of a shutdown. Whoever serves their
   * forward calls tells them, and ends the streams when those are through. Resolves when all
   * connections have ended, or after `drainMs` milliseconds, when those that are left are cut; never
   * rejects.
   */
  async drain(drainMs = this.#drainMs): Promise<void> {
    const peers = [...this.#peers];
    for (const [peer] of peers) peer.depart({ cause: 'shutdown' }, drainMs);
    await withTimeout(drainMs, Promise.all(peers.map(([, session]) => session.closed)));
  }

  /**
   * Ends all connections, within a second, whatever the other ends do, and refuses new ones until `open()`
   * is called. Idempotent; never rejects.
   */
  async close(): Promise<void> {
    this.#state = 'closed';
    const peers = [...this.#peers.keys()];
    await Promise.all(peers.map((peer) => peer.close({ cause: 'shutdown' })));
  }

  /** Takes connections again after `close()`. Idempotent. */
  open(): void {
    this.#state = 'open';
  }

  async #authorize(socket: Duplex, connection: ConnectionInfo): Promise<PeerIdentity> {
    const { authorizePeer } = this.#options;
    if (authorizePeer === undefined) return {};
    try {
      return await authorize(authorizePeer, socket, connection);
    } catch (error) {
      if (error instanceof PeerRefusedError) await this.#refuse(socket, error);
      throw error;
    }
  }

  /** Says why on the stream where the peer waits for HTTP/2, and hangs up. */
  async #refuse(socket: Duplex, { message }: PeerRefusedError): Promise<void> {
    const session = this.#createSession(socket, 'server');
    try {
      const stream = await onlyStream(session);
      refuseClient(stream, message);
      await endSession(session);
    } catch {
      // It has gone already.
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
    // A subscriber that hears of the peer may close it at once, before its id is known here.
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

/** The one stream that a dialing side opens; further ones are refused. */
function onlyStream(session: MultiplexSession): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    let taken = false;
    session.onStream((stream) => {
      if (taken) return void stream.destroy();
      taken = true;
      session.refuseStreams?.();
      resolve(stream);
    });
    void session.closed.then((cause) => {
      reject(
        new HandshakeError('the connection ended before the client had opened its stream', {
          cause,
        }),
      );
    });
  });
}
