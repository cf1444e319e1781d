import type { ChannelOptions } from '@grpc/grpc-js';
import {
  ErrorCode,
  Http2Connection,
  Http2Error,
  type Http2Stream,
  type StreamListener,
} from '../../../http2/index.js';
import { isError } from '../../../options/index.js';
import type { ConnectionInfo } from '../../connection-info.js';
import { explainFailure } from '../../explain-failure.js';
import type { GoAway } from '../../grpc-engine.js';
import type { CallStatus } from '../../grpc-types.js';
import { ConnectionMemory } from '../connection-memory.js';
import { http2OptionsOf } from '../http2-options.js';
import { KeepAlive } from '../keep-alive.js';
import { sessionMemoryOf } from '../message-limits.js';
import type { CallTransport } from './call-router.js';
import type { Connected } from './connector.js';
import { CHANNEL_CLOSED, closedStatus, unconnectedStatus } from './no-connection.js';
import { statusOfEnd } from './status-of-end.js';

/** Events of a transport. */
export interface TransportEvents {
  /** The peer has sent its SETTINGS: the connection is established. */
  onReady(): void;
  /** The connection may have become able to take another call. */
  onRoom(): void;
  /** The peer takes no new calls; in-flight calls continue. */
  onDraining(goAway: GoAway): void;
  /** The connection is closed. */
  onClose(error?: Error): void;
}

/** One HTTP/2 connection of a channel, with its keepalive and memory account. */
export class Transport implements CallTransport {
  readonly info: ConnectionInfo | undefined;
  readonly scheme: string;
  readonly memory: ConnectionMemory;
  readonly #connection: Http2Connection;
  readonly #keepAlive: KeepAlive | undefined;

  constructor(
    { stream, info, secure }: Connected,
    events: TransportEvents,
    options: ChannelOptions,
    keepAliveTimeMs: number,
  ) {
    this.info = info;
    this.scheme = secure ? 'https' : 'http';
    this.memory = new ConnectionMemory(sessionMemoryOf(options));
    this.#connection = new Http2Connection(
      stream,
      'client',
      {
        onReady: () => events.onReady(),
        onRoom: () => events.onRoom(),
        onGoAway: (code, message) => events.onDraining({ code, message }),
        onClose: (error) => {
          this.#keepAlive?.stop();
          events.onClose(error);
        },
      },
      http2OptionsOf(options, true),
    );
    this.#keepAlive = KeepAlive.start(this.#connection, {
      timeMs: keepAliveTimeMs,
      timeoutMs: options['grpc.keepalive_timeout_ms'],
      isDue: () =>
        this.#connection.streamCount > 0 || options['grpc.keepalive_permit_without_calls'] === 1,
    });
  }

  get isReady(): boolean {
    return this.#connection.isReady;
  }

  get hasRoom(): boolean {
    return this.#connection.hasRoom;
  }

  get maxHeaderListSize(): number {
    return this.#connection.maxSentHeaderListSize;
  }

  open(headers: readonly string[], listener: StreamListener): Http2Stream {
    return this.#connection.request(headers, listener);
  }

  statusOfEnd(error: Http2Error): CallStatus {
    if (error.scope === 'stream' || this.isReady) return statusOfEnd(error);
    const { cause } = error;
    if (cause === CHANNEL_CLOSED) return closedStatus();
    return unconnectedStatus(this.explain(isError(cause) ? cause : error));
  }

  /** Explains why the connection ended with `error`, or without one, before it was ready. */
  explain(error: Error | undefined): Error {
    const isPlain = error === undefined || isPlainEnd(error);
    return explainFailure(isPlain ? new Error('the connection was closed') : error, {
      secure: this.scheme === 'https',
      bytesRead: this.info?.bytesRead,
    });
  }

  /** Takes no new calls, and closes the connection after the last call. */
  drain(): void {
    this.#connection.goAway();
    if (this.#connection.streamCount === 0) this.#connection.destroy();
  }

  destroy(error?: Error): void {
    this.#connection.destroy(error);
  }
}

/** Whether the connection just ended, without a reason of either side. */
function isPlainEnd(error: Error): boolean {
  return error instanceof Http2Error && !error.remote && error.http2Code === ErrorCode.NoError;
}
