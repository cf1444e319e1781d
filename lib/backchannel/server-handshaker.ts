import type { Duplex } from 'node:stream';
import type { ChannelOptions, Interceptor } from '@grpc/grpc-js';
import { ConnectionInfo, engineOf, type EngineName, type GrpcEngine } from '../grpc/index.js';
import type { Handshaker } from '../listenmux/index.js';
import { ClientConn, type StubFactory } from './client-conn.js';
import { HandshakeError } from './errors.js';
import { BACKCHANNEL_MAGIC } from './magic.js';
import { PeerConnection } from './peer-connection.js';
import type { Registry } from './registry.js';
import {
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
  /** What multiplexes. Default: `yamuxSessionFactory()`. */
  sessionFactory?: SessionFactory;
  /** What speaks gRPC. Default: `'built-in'`. */
  engine?: EngineName | GrpcEngine;
}

/**
 * The listening side of the backchannel: makes a session of every connection that asks for one, takes
 * its first stream as the client's gRPC connection, opens a channel back, and keeps the peer in the
 * registry for as long as all of that lives. Go: `backchannel.ServerHandshaker`.
 */
export class ServerHandshaker implements Handshaker<PeerConnection> {
  readonly magic = BACKCHANNEL_MAGIC;
  readonly #registry: Registry;
  readonly #options: ServerHandshakerOptions;
  readonly #createSession: SessionFactory;
  readonly #engine: GrpcEngine;

  constructor(registry: Registry, options: ServerHandshakerOptions = {}) {
    this.#registry = registry;
    this.#options = options;
    this.#createSession = options.sessionFactory ?? yamuxSessionFactory();
    this.#engine = engineOf(options.engine);
  }

  /**
   * Makes a session of `socket` and a peer of its other end. Resolves with the client's stream, to be
   * served, and with what `connectionOf(call)` gives for calls on it.
   *
   * @throws HandshakeError if the client ends the connection, or its stream, before it can be served.
   */
  async handshake(socket: Duplex): Promise<{ stream: Duplex; context: PeerConnection }> {
    const session = this.#createSession(socket, 'server');
    const stream = await onlyStream(session);
    // Reset with the very bytes that opened it, it has said so already: nobody would be told again.
    if (stream.destroyed) {
      session.destroy();
      throw new HandshakeError('the client reset its stream as it opened it');
    }
    const conn = this.#connectBack(session, new ConnectionInfo(socket));
    const peerId = this.#registry.registerBackchannel(conn);

    // Whichever ends first takes the others along; each of these may be done twice.
    const leave = (): void => {
      this.#registry.removeBackchannel(peerId);
      conn.close();
      void session.close();
    };
    // Ended by us it would close only when the other end has ended it too; that may be never.
    stream.once('finish', leave).once('close', leave);
    void session.closed.then(leave);
    return { stream, context: new PeerConnection(socket, peerId, this.#registry) };
  }

  #connectBack(session: MultiplexSession, connection: ConnectionInfo): ClientConn {
    const { channelOptions, interceptors, createStubs } = this.#options;
    const channel = this.#engine.createStreamChannel(
      () => session.open(),
      channelOptions,
      connection,
    );
    // As Go's `grpc.Dial`: connected before the first call needs it.
    channel.getConnectivityState(true);
    return new ClientConn(channel, interceptors, createStubs);
  }
}

/** The one stream that a dialing side opens; further ones are refused. */
function onlyStream(session: MultiplexSession): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    let taken = false;
    session.onStream((stream) => {
      if (taken) stream.destroy();
      taken = true;
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
