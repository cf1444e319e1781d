import type { Duplex } from 'node:stream';
import type { ServerOptions } from '@grpc/grpc-js';
import { ErrorCode, Http2Connection, Http2Error, type Http2Stream } from '../../../http2/index.js';
import { MAX_TIMEOUT_MS } from '../../../options/index.js';
import type { GoAway, ServedStream } from '../../grpc-engine.js';
import type { ConnectionMemory } from '../connection-memory.js';
import { http2OptionsOf } from '../http2-options.js';
import { KeepAlive } from '../keep-alive.js';
import { ConnectionAge } from './connection-age.js';
import type { PeerShare } from './peer-share.js';

/** Events of a served connection. */
export interface ServedConnectionEvents {
  onRequest(stream: Http2Stream, headers: readonly string[]): void;
  /** The peer has announced by GOAWAY with NO_ERROR that it makes no more calls. */
  onFarewell(): void;
  /** The connection is too old or idle: the peer is about to be asked for a new one. */
  onAskForNewConnection(): void;
  /** @param failure - the reason if either side violated a rule or exceeded a limit. */
  onClose(failure: Error | undefined): void;
}

/** One HTTP/2 connection of a server, with its keepalive and age limits. */
export class ServedConnection implements ServedStream {
  /** Memory account of its calls. */
  readonly memory: ConnectionMemory;
  readonly #connection: Http2Connection;
  readonly #memoryLimit: number;
  readonly #share: PeerShare;
  readonly #keepAlive: KeepAlive | undefined;
  readonly #age: ConnectionAge | undefined;
  #graceTimer: NodeJS.Timeout | undefined;

  /**
   * @param memoryLimit - bytes of replies that may wait for the peer before new calls are refused.
   * @param isMultiplexed - whether the peer may be this engine.
   * @param share - accounts of the peer, for this connection and its other streams.
   */
  constructor(
    stream: Duplex,
    events: ServedConnectionEvents,
    options: ServerOptions,
    memoryLimit: number,
    isMultiplexed: boolean,
    share: PeerShare,
  ) {
    this.#memoryLimit = memoryLimit;
    this.memory = share.memory;
    this.#share = share;
    this.#connection = new Http2Connection(
      stream,
      'server',
      {
        onRequest: (request, headers) => {
          this.#age?.touch();
          events.onRequest(request, headers);
        },
        onRoom: () => this.#age?.touch(),
        onGoAway: (code) => {
          if (code === ErrorCode.NoError) events.onFarewell();
        },
        onClose: (error) => {
          share.connections.delete(this.#connection);
          this.#keepAlive?.stop();
          this.#age?.stop();
          clearTimeout(this.#graceTimer);
          events.onClose(isFailure(error) ? error : undefined);
        },
      },
      http2OptionsOf(options, isMultiplexed),
      share.accounts,
    );
    share.connections.add(this.#connection);
    this.#keepAlive = KeepAlive.start(this.#connection, {
      timeMs: options['grpc.keepalive_time_ms'] ?? MAX_TIMEOUT_MS,
      timeoutMs: options['grpc.keepalive_timeout_ms'],
      isDue: () => true,
    });
    this.#age = ConnectionAge.watch(this.#connection, options, () =>
      events.onAskForNewConnection(),
    );
  }

  /**
   * Whether too many replies wait for the peer: new calls are refused, and in-flight calls end at their
   * next one.
   */
  get isClogged(): boolean {
    // There is nearly always one connection, and each call reads this.
    const { unsentBytes } = this.#share.connections.size > 1 ? this.#share : this.#connection;
    return unsentBytes > this.#memoryLimit;
  }

  /** Takes no new calls. Closes the connection after the last call, or after `graceMs` milliseconds. */
  drain(graceMs: number): void {
    this.#connection.goAway();
    if (graceMs > MAX_TIMEOUT_MS) return;
    clearTimeout(this.#graceTimer);
    this.#graceTimer = setTimeout(() => this.destroy(), graceMs).unref();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  dismiss({ code, message }: GoAway): void {
    this.#connection.dismiss(code, message);
  }
}

/** Whether one side reported an error to the other; a connection that was only closed has none. */
function isFailure(error: Error | undefined): boolean {
  return error instanceof Http2Error && error.http2Code !== ErrorCode.NoError;
}
