import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer, type TLSSocket } from 'node:tls';
import {
  func,
  objectWith,
  required,
  showValue,
  verifyArgument,
  verifyOptions,
  type Rules,
} from '../options/index.js';
import { lendSocket, ownSocket } from '../wire/index.js';
import { ConnectionLimits } from './connection-limits.js';
import { ListenMuxError } from './errors.js';
import { isMagic, MAGIC_LENGTH, type Handshaker, type MuxConnection } from './handshaker.js';
import {
  LISTEN_MUX_LIMIT_RULES,
  listenMuxLimitsOf,
  type ListenMuxLimitOptions,
  type ListenMuxLimits,
} from './listen-mux-limits.js';
import { peekMagic } from './peek-magic.js';
import { problemOfTls } from './tls-reason.js';

/** Options of a `ListenMux`: optional limits, and callbacks. */
export interface ListenMuxOptions<Context> extends ListenMuxLimitOptions {
  /** Called with every connection to serve: plain ones, and those that handshakers return. */
  onConnection(connection: MuxConnection<Context>): void;
  /**
   * Called when a connection was closed before it was served, with a `ListenMuxError`, the error of the
   * socket, or the error that a handshaker or `onConnection` threw. `socket` has the address of the client;
   * after a failed TLS handshake it is the socket below TLS. Errors thrown by this callback are ignored,
   * because a client could end the process with one. Default: errors are dropped.
   */
  onHandshakeError?(error: Error, socket: Duplex): void;
}

const LISTEN_MUX_RULES: Rules<ListenMuxOptions<unknown>> = {
  ...LISTEN_MUX_LIMIT_RULES,
  onConnection: required(func(), 'a function, which is handed each connection to serve'),
  onHandshakeError: func(),
};

const HANDSHAKER_RULE = objectWith('a handshaker with a magic and the method handshake', [
  'handshake',
]);
const SERVER_RULE = objectWith('a server of node:net or node:tls, such as createListener()', [
  'on',
]);
const STREAM_RULE = objectWith('a stream of bytes (Duplex)', ['on', 'write', 'destroy']);

/**
 * Serves several kinds of client on one listener. Peeks at the first bytes of each connection and passes
 * the connection to the `Handshaker` registered for them, or unchanged to `onConnection` if there is none.
 *
 * Source: Gitaly `internal/grpc/listenmux`. Gitaly always waits for 11 bytes; this class decides as soon as
 * the bytes differ from every magic.
 */
export class ListenMux<Context = undefined> {
  readonly #options: ListenMuxOptions<Context>;
  readonly #limits: ListenMuxLimits;
  readonly #connections: ConnectionLimits;
  readonly #handshakers = new Map<string, Handshaker<Context>>();
  /** Connections that are not yet served, after their TLS handshake. */
  readonly #pending = new Set<Duplex>();
  #state: 'open' | 'closed' = 'open';
  #onSettled: (() => void)[] = [];

  /** @throws OptionError naming a bad option. */
  constructor(options: ListenMuxOptions<Context>) {
    this.#options = options;
    this.#limits = listenMuxLimitsOf(verifyOptions('ListenMux', LISTEN_MUX_RULES, options));
    this.#connections = new ConnectionLimits(this.#limits, {
      onLeft: () => this.#tellIfSettled(),
      onDisplaced: (stream, error) => this.#displace(stream, error),
    });
  }

  /** Number of open connections, in their handshake and served. */
  get connectionCount(): number {
    return this.#connections.connectionCount;
  }

  /** Number of connections whose magic is awaited or whose handshaker runs; excludes TLS handshakes. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /**
   * Passes connections that begin with `handshaker.magic` to `handshaker`.
   *
   * @throws TypeError if the magic is not `MAGIC_LENGTH` bytes of ASCII or is already registered.
   * @throws OptionError if `handshaker` is not a handshaker.
   */
  register(handshaker: Handshaker<Context>): this {
    verifyArgument('ListenMux.register', 'first argument', HANDSHAKER_RULE, handshaker);
    const { magic } = handshaker;
    if (!isMagic(magic)) {
      throw new TypeError(`magic ${showValue(magic)}: it must have ${MAGIC_LENGTH} bytes of ASCII`);
    }
    if (this.#handshakers.has(magic)) {
      throw new TypeError(`a handshaker for magic ${JSON.stringify(magic)} is already registered`);
    }
    this.#handshakers.set(magic, handshaker);
    return this;
  }

  /**
   * Handles every connection that `server` accepts, within the limits; with a TLS server, after the TLS
   * handshake. A failed TLS handshake is reported to `onHandshakeError`, unless the client closed the
   * connection. The time limit of TLS handshakes is the option `handshakeTimeout` of the TLS server, which
   * `createListener` sets.
   *
   * @throws OptionError if `server` is not a server.
   */
  attach(server: Server): this {
    verifyArgument('ListenMux.attach', 'first argument', SERVER_RULE, server);
    if (server instanceof TlsServer) this.#attachTls(server);
    else server.on('connection', (socket: Socket) => this.#handle(ownedSocket(socket)));
    return this;
  }

  /**
   * Handles one connection, from which nothing has been read yet, within the limits. A failure closes the
   * connection.
   *
   * @throws OptionError if `socket` is not a stream; no other error.
   */
  handle(socket: Duplex): void {
    verifyArgument('ListenMux.handle', 'first argument', STREAM_RULE, socket);
    lendSocket(socket);
    this.#handle(socket);
  }

  /** Resolves when no connection is in its handshake, TLS handshakes included. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSettled.push(resolve);
      this.#tellIfSettled();
    });
  }

  /**
   * Closes every connection that is not yet served, including those in their TLS handshake, and every
   * later connection until `open()` is called. Served connections belong to their server and stay open.
   * Idempotent.
   */
  close(): void {
    this.#state = 'closed';
    for (const socket of [...this.#connections.handshakes(), ...this.#pending]) socket.destroy();
  }

  /** Handles connections again after `close()`. Idempotent. */
  open(): void {
    this.#state = 'open';
  }

  /**
   * Resolves when all connections have closed, served ones included. Destroys those that are still open
   * after `graceMs` milliseconds.
   */
  async closeConnections(graceMs: number): Promise<void> {
    const open = [...this.#connections.connections()];
    const timer = setTimeout(() => {
      for (const connection of open) connection.destroy();
    }, graceMs);
    await Promise.all(
      open.map((connection) => new Promise((resolve) => connection.once('close', resolve))),
    );
    clearTimeout(timer);
  }

  #handle(socket: Duplex): void {
    if (this.#admit(socket)) void this.#serve(socket);
  }

  #tellIfSettled(): void {
    if (this.#connections.handshakeCount > 0 || this.#pending.size > 0) return;
    for (const tell of this.#onSettled.splice(0)) tell();
  }

  #attachTls(server: TlsServer): void {
    // Node's own listener starts the TLS handshake. The limits come first, because TLS is expensive.
    const listeners = server.rawListeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      if (!this.#admit(socket)) return;
      for (const listener of listeners) listener.call(server, socket);
    });
    server.on('tlsClientError', (error, socket) => this.#endTls(error, socket));
    server.on('secureConnection', (socket: TLSSocket) => {
      this.#connections.secured(socket);
      // The TLS handshake ended in the same turn in which `close()` was called.
      if (this.#state === 'closed') socket.on('error', ignoreError).destroy();
      else void this.#serve(ownedSocket(socket));
    });
  }

  /** Whether the limits admit a connection; closes the connection if not. */
  #admit(socket: Duplex): boolean {
    // This listener stays: while a connection changes its owner, it has no other listener, and an error
    // without a listener would end the process.
    socket.on('error', ignoreError);
    if (this.#state === 'closed') {
      socket.destroy();
      return false;
    }
    const refusal = this.#connections.admit(socket);
    if (refusal === undefined) return true;
    socket.destroy();
    this.#tell(refusal, socket);
    return false;
  }

  async #serve(socket: Duplex): Promise<void> {
    socket.on('error', ignoreError); // Under TLS, `socket` is the TLS stream, not the admitted socket.
    this.#pending.add(socket);
    const stopTimer = this.#startTimer(socket);
    try {
      const connection = await this.#route(socket);
      if (connection !== undefined) this.#options.onConnection(connection);
      this.#connections.establish(socket);
    } catch (error) {
      socket.destroy();
      this.#tell(error as Error, socket);
    } finally {
      stopTimer();
      this.#pending.delete(socket);
      this.#tellIfSettled();
    }
  }

  /** For a pending stream, `#serve` reports the error. During a TLS handshake, `#serve` does not run yet. */
  #displace(stream: Duplex, error: ListenMuxError): void {
    if (this.#pending.has(stream)) {
      stream.destroy(error);
    } else {
      stream.destroy();
      this.#tell(error, stream);
    }
  }

  #tell(error: Error, socket: Duplex): void {
    try {
      this.#options.onHandshakeError?.(error, withAddress(socket));
    } catch {
      // Ignored, see `ListenMuxOptions`.
    }
  }

  #endTls(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    // Node does not close a connection whose TLS handshake timed out.
    socket.destroy();
    // Node sets the code of a refused client certificate on the socket, not on the error.
    const refused = socket.authorizationError as Error | string | null | undefined;
    if (!refused && error.code === 'ECONNRESET') return;
    const why = refused
      ? `the certificate of the client was refused (${refused})`
      : problemOfTls(error);
    this.#tell(new ListenMuxError('ERR_LISTENMUX_TLS', `TLS: ${why}`, { cause: error }), socket);
  }

  async #route(accepted: Duplex): Promise<MuxConnection<Context> | undefined> {
    const { magic, socket } = await peekMagic(accepted, this.#handshakers.keys());
    if (magic === undefined) return { stream: socket, socket, context: undefined };
    this.#connections.identified(accepted);
    const connection = await this.#handshakers.get(magic)!.handshake(socket);
    return connection === undefined ? undefined : { ...connection, socket };
  }

  #startTimer(socket: Duplex): () => void {
    const { handshakeTimeoutMs } = this.#limits;
    if (handshakeTimeoutMs === 0) return () => {};
    const timer = setTimeout(() => {
      const problem = `no complete handshake within ${handshakeTimeoutMs} ms`;
      socket.destroy(new ListenMuxError('ERR_LISTENMUX_TIMEOUT', problem));
    }, handshakeTimeoutMs).unref();
    return () => clearTimeout(timer);
  }
}

/** Prepares a socket that a server of this package's own has accepted. */
function ownedSocket<Accepted extends Socket>(socket: Accepted): Accepted {
  ownSocket(socket);
  return socket.setNoDelay(true);
}

/**
 * Returns `socket`, or the socket below it if only that one has an address: a closed TLS stream has none if
 * nobody read it before. Node caches the address of the socket below when `#admit` reads it.
 */
function withAddress(socket: Duplex): Duplex {
  const { remoteAddress, _parent } = socket as Partial<Socket> & { _parent?: Socket };
  return remoteAddress === undefined && _parent ? _parent : socket;
}

function ignoreError(): void {}
