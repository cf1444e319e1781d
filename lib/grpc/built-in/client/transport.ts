import type { ChannelOptions } from '@grpc/grpc-js';
import { Http2Connection, type Http2Stream, type StreamListener } from '../../../http2/index.js';
import type { ConnectionInfo } from '../../connection-info.js';
import type { GoAway } from '../../grpc-engine.js';
import { CallMemory } from '../call-memory.js';
import { http2OptionsOf } from '../http2-options.js';
import { KeepAlive } from '../keep-alive.js';
import { sessionMemoryOf } from '../message-limits.js';
import type { Connected } from './connector.js';

/** What a transport tells the channel that made it. */
export interface TransportEvents {
  /** The other end speaks HTTP/2: calls may begin. */
  onReady(): void;
  /** There may be room for a call that there was not before. */
  onRoom(): void;
  /** It takes no new calls; those under way go on. */
  onDraining(goAway: GoAway): void;
  /** It is over. */
  onClose(error?: Error): void;
}

/** One connection of a channel. */
export class Transport {
  readonly info: ConnectionInfo | undefined;
  /** `https` or `http`, as the connection is encrypted or not. */
  readonly scheme: string;
  /** What its calls hold. */
  readonly memory: CallMemory;
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
    this.memory = new CallMemory(sessionMemoryOf(options));
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

  /** Whether a call may begin now. */
  get hasRoom(): boolean {
    return this.#connection.hasRoom;
  }

  /** Bytes of the largest header list that a call may have now. */
  get maxHeaderListSize(): number {
    return this.#connection.maxSentHeaderListSize;
  }

  open(headers: readonly string[], listener: StreamListener): Http2Stream {
    return this.#connection.request(headers, listener);
  }

  /** Takes no new calls, and closes with the last one. */
  drain(): void {
    this.#connection.goAway();
    if (this.#connection.streamCount === 0) this.#connection.destroy();
  }

  destroy(error?: Error): void {
    this.#connection.destroy(error);
  }
}
