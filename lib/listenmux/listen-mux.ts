import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer, type TLSSocket } from 'node:tls';
import { func, required, verifyOptions, type Rules } from '../options/index.js';
import { ConnectionLimits } from './connection-limits.js';
import { ListenMuxError } from './errors.js';
import { MAGIC_LENGTH, type Handshaker, type MuxConnection } from './handshaker.js';
import {
  LISTEN_MUX_LIMIT_RULES,
  listenMuxLimitsOf,
  type ListenMuxLimitOptions,
  type ListenMuxLimits,
} from './listen-mux-limits.js';
import { peekMagic } from './peek.js';

/** Options of a `ListenMux`: limits, which may be left out, and who is told of what. */
export interface ListenMuxOptions<Context> extends ListenMuxLimitOptions {
  /** Called with every connection that is to be served: plain ones, and those that handshakers return. */
  onConnection(connection: MuxConnection<Context>): void;
  /**
   * Told why a connection was closed before it could be served: a `ListenMuxError`, the error of the
   * socket, or what a handshaker or `onConnection` threw. What it throws itself is ignored: whoever
   * dials could end the process by it. Default: nobody is told.
   */
  onHandshakeError?(error: Error, socket: Duplex): void;
}

const LISTEN_MUX_RULES: Rules<ListenMuxOptions<unknown>> = {
  ...LISTEN_MUX_LIMIT_RULES,
  onConnection: required(func(), 'a function, which is handed each connection to serve'),
  onHandshakeError: func(),
};

/**
 * Serves many kinds of client on one listener: peeks at the first bytes of each connection and gives
 * it to the `Handshaker` registered for them, or on as it is if there is none.
 *
 * Source: Gitaly `internal/grpc/listenmux`, which always waits for 11 bytes; this one decides at the
 * first byte that no magic shares.
 */
export class ListenMux<Context = undefined> {
  readonly #options: ListenMuxOptions<Context>;
  readonly #limits: ListenMuxLimits;
  readonly #connections: ConnectionLimits;
  readonly #handshakers = new Map<string, Handshaker<Context>>();
  /** Connections that are not yet served, TLS being done. */
  readonly #pending = new Set<Duplex>();
  #isClosed = false;
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

  /** Connections that are open, in handshake or served. */
  get connectionCount(): number {
    return this.#connections.connectionCount;
  }

  /** Connections that have not yet shown what they are or are shaking hands. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /**
   * Hands connections that begin with `handshaker.magic` to it.
   *
   * @throws TypeError if the magic is not `MAGIC_LENGTH` bytes long or is taken.
   */
  register(handshaker: Handshaker<Context>): this {
    const { magic } = handshaker;
    if (Buffer.byteLength(magic) !== MAGIC_LENGTH || magic.length !== MAGIC_LENGTH) {
      throw new TypeError(
        `magic ${JSON.stringify(magic)} has ${Buffer.byteLength(magic)} bytes; it must have ${MAGIC_LENGTH}`,
      );
    }
    if (this.#handshakers.has(magic)) {
      throw new TypeError(`a handshaker for magic ${JSON.stringify(magic)} is already registered`);
    }
    this.#handshakers.set(magic, handshaker);
    return this;
  }

  /**
   * Takes every connection that `server` accepts, within the limits; of a TLS server, once its TLS
   * handshake is done. One that fails is told to `onHandshakeError`, unless the client just left. How
   * long it may take is an option of that server: `handshakeTimeout`, which `createListener` sets.
   */
  attach(server: Server): this {
    if (server instanceof TlsServer) this.#attachTls(server);
    else server.on('connection', (socket: Socket) => this.handle(socket.setNoDelay(true)));
    return this;
  }

  /**
   * Takes one connection, of which nothing has been read yet, within the limits. Never throws; failures
   * close it.
   */
  handle(socket: Duplex): void {
    if (this.#admit(socket)) void this.#serve(socket);
  }

  /** Resolves when there is no connection that is not yet served, TLS handshakes included. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSettled.push(resolve);
      this.#tellIfSettled();
    });
  }

  /**
   * Closes every connection that is not yet served, in its TLS handshake as well, and those that still
   * come. Those that are served belong to who serves them.
   */
  close(): void {
    this.#isClosed = true;
    for (const socket of [...this.#connections.handshakes(), ...this.#pending]) socket.destroy();
  }

  #tellIfSettled(): void {
    if (this.#connections.handshakeCount > 0 || this.#pending.size > 0) return;
    for (const tell of this.#onSettled.splice(0)) tell();
  }

  #attachTls(server: TlsServer): void {
    // Node itself, which begins to shake hands: it costs more than anything else that comes before.
    const listeners = server.rawListeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      if (!this.#admit(socket)) return;
      for (const listener of listeners) listener.call(server, socket);
    });
    server.on('tlsClientError', (error, socket) => this.#endTls(error, socket));
    server.on('secureConnection', (socket: TLSSocket) => {
      this.#connections.secured(socket);
      // Its handshake ended in the same turn as this was closed.
      if (this.#isClosed) socket.on('error', ignoreError).destroy();
      else void this.#serve(socket.setNoDelay(true));
    });
  }

  /** Whether it may come in; closes it if not. */
  #admit(socket: Duplex): boolean {
    // Stays for good: between two owners nobody else listens, and an error must not end the process.
    socket.on('error', ignoreError);
    if (this.#isClosed) {
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
    socket.on('error', ignoreError); // Under TLS it is another one than was admitted.
    // Who is told why it was closed can still ask then: Node remembers the answer.
    void (socket as Partial<Socket>).remoteAddress;
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

  /** `#serve` tells the error of a stream that it waits for; during a TLS handshake nobody does. */
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
      this.#options.onHandshakeError?.(error, socket);
    } catch {
      // As its doc says.
    }
  }

  #endTls(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    // Node leaves a connection open whose handshake took too long.
    socket.destroy();
    // Node does not say in the error that it was the client's certificate, but its code in the socket.
    const refused = socket.authorizationError as Error | string | null | undefined;
    if (!refused && error.code === 'ECONNRESET') return;
    const why = refused ? `the certificate of the client was refused (${refused})` : error.message;
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

function ignoreError(): void {}
