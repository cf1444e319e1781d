import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer, type TLSSocket } from 'node:tls';
import { MAGIC_LENGTH, type Handshaker, type MuxConnection } from './handshaker.js';
import { peekMagic } from './peek.js';

/** Options of a `ListenMux`. */
export interface ListenMuxOptions<Context> {
  /** Called with every connection that is to be served: plain ones, and those that handshakers return. */
  onConnection(connection: MuxConnection<Context>): void;
  /** Told why a connection was closed before it could be served. Default: nobody is told. */
  onHandshakeError?(error: Error, socket: Duplex): void;
  /** Milliseconds until a connection must have shown what it is and shaken hands. Default 20000, 0 waits for ever. */
  handshakeTimeoutMs?: number;
}

const DEFAULT_HANDSHAKE_TIMEOUT_MS = 20_000;

/**
 * Serves many kinds of client on one listener: peeks at the first bytes of each connection and gives
 * it to the `Handshaker` registered for them, or on as it is if there is none.
 *
 * Source: Gitaly `internal/grpc/listenmux`, which always waits for 11 bytes; this one decides at the
 * first byte that no magic shares.
 */
export class ListenMux<Context = undefined> {
  readonly #options: ListenMuxOptions<Context>;
  readonly #handshakers = new Map<string, Handshaker<Context>>();
  /** Connections that are not yet served. */
  readonly #pending = new Set<Duplex>();
  /** How many have not done their TLS handshake yet. */
  #securing = 0;
  #onSettled: (() => void)[] = [];

  /** @throws TypeError naming a bad option. */
  constructor(options: ListenMuxOptions<Context>) {
    const { handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options;
    if (!Number.isInteger(handshakeTimeoutMs) || handshakeTimeoutMs < 0) {
      throw new TypeError(
        `"handshakeTimeoutMs" must be a whole number of milliseconds, 0 or more, not ${String(handshakeTimeoutMs)}`,
      );
    }
    this.#options = { ...options, handshakeTimeoutMs };
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
   * Takes every connection that `server` accepts; of a TLS server, once its TLS handshake is done. One
   * that fails is told to `onHandshakeError`, unless the client just left.
   */
  attach(server: Server): this {
    if (server instanceof TlsServer) {
      server.on('tlsClientError', (error, socket) => this.#tellTlsError(error, socket));
      this.#countTlsHandshakes(server);
    }
    server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
      socket.setNoDelay(true);
      this.handle(socket);
    });
    return this;
  }

  /** Takes one connection, of which nothing has been read yet. Never throws; failures close it. */
  handle(socket: Duplex): void {
    // Stays for good: between two owners nobody else listens, and an error must not end the process.
    socket.on('error', ignoreError);
    // Who is told why it was closed can still ask then: Node remembers the answer.
    void (socket as Partial<Socket>).remoteAddress;
    this.#pending.add(socket);
    const stopTimer = this.#startTimer(socket);
    this.#route(socket)
      .then((connection) => {
        if (connection !== undefined) this.#options.onConnection(connection);
      })
      .catch((error: Error) => {
        socket.destroy();
        this.#options.onHandshakeError?.(error, socket);
      })
      .finally(() => {
        stopTimer();
        this.#pending.delete(socket);
        this.#tellIfSettled();
      });
  }

  /** Resolves when there is no connection that is not yet served, TLS handshakes included. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSettled.push(resolve);
      this.#tellIfSettled();
    });
  }

  /** Closes every connection that is not yet served. Those that are belong to who serves them. */
  close(): void {
    for (const socket of this.#pending) socket.destroy();
  }

  #tellIfSettled(): void {
    if (this.#securing > 0 || this.#pending.size > 0) return;
    for (const tell of this.#onSettled.splice(0)) tell();
  }

  #countTlsHandshakes(server: TlsServer): void {
    server.on('connection', () => (this.#securing += 1));
    server.on('secureConnection', () => (this.#securing -= 1));
    server.on('tlsClientError', () => {
      this.#securing -= 1;
      this.#tellIfSettled();
    });
  }

  #tellTlsError(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    // Node does not say in the error that it was the client's certificate, but its code in the socket.
    const refused = socket.authorizationError as Error | string | null | undefined;
    if (!refused && error.code === 'ECONNRESET') return;
    const why = refused ? `the certificate of the client was refused (${refused})` : error.message;
    this.#options.onHandshakeError?.(new Error(`TLS: ${why}`, { cause: error }), socket);
  }

  async #route(accepted: Duplex): Promise<MuxConnection<Context> | undefined> {
    const { magic, socket } = await peekMagic(accepted, this.#handshakers.keys());
    if (magic === undefined) return { stream: socket, socket, context: undefined };
    const connection = await this.#handshakers.get(magic)!.handshake(socket);
    return connection === undefined ? undefined : { ...connection, socket };
  }

  #startTimer(socket: Duplex): () => void {
    const { handshakeTimeoutMs } = this.#options;
    if (!handshakeTimeoutMs) return () => {};
    const timer = setTimeout(
      () => socket.destroy(new Error(`no complete handshake within ${handshakeTimeoutMs} ms`)),
      handshakeTimeoutMs,
    ).unref();
    return () => clearTimeout(timer);
  }
}

function ignoreError(): void {}
