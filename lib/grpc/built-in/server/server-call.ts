import { AsyncResource } from 'node:async_hooks';
import { type Deadline, type Metadata, status } from '@grpc/grpc-js';
import {
  headerListSize,
  type Http2Error,
  type Http2Stream,
  type StreamListener,
} from '../../../http2/index.js';
import type { AuthContext } from '../../connection-info.js';
import type { ServerCallInterface, ServerCallListener, ServerStatus } from '../../grpc-types.js';
import { headerSizeProblem } from '../../header-size-problem.js';
import { debugDetails } from '../debug-details.js';
import { DeliveredCall } from '../delivered-call.js';
import { messagePrefix, PREFIX_LENGTH } from '../message-prefix.js';
import { RequestDeadline } from './request-deadline.js';
import { RequestHead } from './request-head.js';
import {
  RESPONSE_HEADERS,
  responseHeaders,
  statusTrailers,
  trailersOnly,
} from './response-headers.js';
import { CLOGGED, type ServerCallHost } from './server-call-host.js';
import type { ServerCallState } from './server-call-state.js';
import type { Method } from './service-table.js';
import { unsentMetrics } from './unsent-metrics.js';

/**
 * One call of a server, as interceptors and handlers of grpc-js use it. Each call has an async context of its
 * own, so that an `enterWith` of a handler affects this call only.
 */
export class ServerCall extends DeliveredCall implements ServerCallInterface, StreamListener {
  readonly #stream: Http2Stream;
  readonly #head: RequestHead;
  readonly #method: Method;
  readonly #host: ServerCallHost;
  #state: ServerCallState = 'received';
  /** Set by `start()`. */
  #listener: ServerCallListener | undefined;
  /** Undefined if the caller sent none. */
  #deadline: RequestDeadline | undefined;
  #hasSentHeaders = false;
  /** Callbacks of writers that wait for room. */
  #onDrained: (() => void)[] | undefined;
  /** Async context of the handler. */
  #scope: AsyncResource = this;

  constructor(
    stream: Http2Stream,
    headers: readonly string[],
    method: Method,
    host: ServerCallHost,
  ) {
    super(
      'GRPC_SERVER_CALL',
      host.limits.maxReceiveLength,
      method.definition.requestStream ? 'stream' : 'single',
      host.memory,
    );
    this.#stream = stream;
    this.#head = new RequestHead(headers, host.memory);
    this.#method = method;
    this.#host = host;
    this.receiveQueue.encoding = this.#head.encoding;
    const { timeoutMs } = this.#head;
    if (timeoutMs !== undefined) {
      this.#deadline = new RequestDeadline(timeoutMs, () => this.#exceedDeadline());
    }
    this.schedule();
  }

  // ---- Called by handlers and interceptors

  start(listener: ServerCallListener): void {
    if (this.#state === 'over') return;
    this.#listener = listener;
    listener.onReceiveMetadata(this.#head.toMetadata());
  }

  sendMetadata(metadata: Metadata): void {
    if (this.#state === 'over' || this.#hasSentHeaders) return;
    const headers = responseHeaders(metadata);
    const size = headerListSize(headers);
    const limit = this.#stream.maxHeaderListSize;
    if (size <= limit) return this.#sendHeaders(headers);
    const { code, details } = headerSizeProblem('response', size, limit);
    this.#fail(code, details);
  }

  sendMessage(message: unknown, callback: () => void): void {
    if (this.#state === 'over') return;
    let bytes: Buffer;
    try {
      bytes = this.#method.serialize(message);
    } catch (error) {
      return this.#fail(status.INTERNAL, debugDetails('Error serializing response', error));
    }
    const { maxSendLength } = this.#host.limits;
    if (maxSendLength >= 0 && bytes.length > maxSendLength) {
      return this.#fail(
        status.RESOURCE_EXHAUSTED,
        `Sent message larger than max (${bytes.length + PREFIX_LENGTH} vs. ${maxSendLength})`,
      );
    }
    if (this.#host.isClogged()) return this.#fail(status.RESOURCE_EXHAUSTED, CLOGGED);
    if (!this.#hasSentHeaders) this.#sendHeaders(RESPONSE_HEADERS);
    const pieces = [messagePrefix(bytes.length), bytes];
    if (this.#stream.write(pieces, PREFIX_LENGTH + bytes.length)) callback();
    else (this.#onDrained ??= []).push(callback);
  }

  sendStatus({ code, details, metadata }: ServerStatus): void {
    if (this.#state === 'over') return;
    const limit = this.#stream.maxTrailersSize;
    const trailers = this.#hasSentHeaders
      ? statusTrailers(code, details, metadata, limit)
      : trailersOnly(code, details, metadata, limit);
    this.#state = 'answered';
    this.#stream.sendHeaders(trailers, true);
    this.#stream.discardRest();
    this.#finish();
  }

  getPeer(): string {
    return this.#host.connection.peerName;
  }

  getDeadline(): Deadline {
    return this.#deadline?.at ?? Infinity;
  }

  getHost(): string {
    return this.#head.host;
  }

  getAuthContext(): AuthContext {
    return this.#host.connection.authContext;
  }

  getConnectionInfo(): ReturnType<ServerCallInterface['getConnectionInfo']> {
    return this.#host.connection.addresses;
  }

  getMetricsRecorder(): ReturnType<ServerCallInterface['getMetricsRecorder']> {
    return unsentMetrics;
  }

  // ---- Called by the stream

  /** No effect: the headers of a request arrive before the call is created. */
  onHeaders(): void {}

  onData(chunk: Buffer, start: number, end: number): void {
    this.receiveQueue.push(chunk, start, end);
  }

  onTrailers(): void {}

  onEnd(): void {
    this.receiveQueue.end();
  }

  onDrain(): void {
    const callbacks = this.#onDrained;
    if (callbacks === undefined) return;
    this.#onDrained = undefined;
    this.#scope.runInAsyncScope(callAll, undefined, callbacks);
  }

  onClose(_error?: Http2Error): void {
    this.#finish();
  }

  // ---- Called by the receive queue

  override onMessage(bytes: Buffer): void {
    let message: unknown;
    try {
      message = this.#method.definition.requestDeserialize(bytes);
    } catch (error) {
      return this.#refuse(status.INTERNAL, debugDetails('Error deserializing request', error));
    }
    if (!this.receiveQueue.holdDecoded(message, bytes.length)) return;
    this.#listener!.onReceiveMessage(message);
  }

  override onAllRead(): void {
    this.#listener!.onReceiveHalfClose();
  }

  override onUnreadable(code: status, details: string): void {
    this.#refuse(code, details);
  }

  override consume(bytes: number): void {
    this.#stream.consume(bytes);
  }

  // ---- Called for a delivery

  /** @internal */
  override get scope(): AsyncResource {
    return this.#scope;
  }

  protected override get mayDeliver(): boolean {
    return this.#state !== 'over';
  }

  protected override deliverEvents(): void {
    if (this.#state === 'received') this.#begin();
    this.receiveQueue.pump();
  }

  /** Calls the interceptors and the handler. If they throw, the call ends with UNKNOWN. */
  #begin(): void {
    const { problem } = this.#head;
    if (problem !== undefined) return this.#refuse(problem.code, problem.details);
    this.#state = 'running';
    try {
      this.#host.serve(this, this.#method);
      // Messages of a request stream are delivered in the context that the handler has entered by now.
      if (this.#method.definition.requestStream) this.#scope = new AsyncResource('GRPC_HANDLER');
    } catch (error) {
      this.#fail(status.UNKNOWN, debugDetails('Unknown error', error));
      throw error;
    }
  }

  // ---- Private methods

  /** A call with a very short deadline costs the peer as little as a reset, so it is charged like one. */
  #exceedDeadline(): void {
    if (!this.#stream.isWanted) this.#stream.chargeRefusal();
    this.#fail(status.DEADLINE_EXCEEDED, 'Deadline exceeded');
  }

  #sendHeaders(headers: readonly string[]): void {
    this.#hasSentHeaders = true;
    this.#stream.sendHeaders(headers);
  }

  #fail(code: status, details: string): void {
    this.sendStatus({ code, details, metadata: null });
  }

  /** Ends the call, and charges the peer for its bad request. */
  #refuse(code: status, details: string): void {
    this.#stream.chargeRefusal();
    this.#fail(code, details);
  }

  /** Ends the call. The stream may also close, and so call this method, while the status is being sent. */
  #finish(): void {
    if (this.#state === 'over') return;
    const isAnswered = this.#state === 'answered';
    this.#state = 'over';
    this.receiveQueue.close();
    this.#deadline?.stop();
    this.#head.release();
    if (this.#listener) this.#reportEnd(this.#listener, isAnswered);
  }

  /**
   * Calls `onCancel`, as grpc-js does for every end of a call. For an answered streaming call, first lets
   * its Node streams close.
   */
  #reportEnd(listener: ServerCallListener, isAnswered: boolean): void {
    const { requestStream, responseStream } = this.#method.definition;
    const scope = this.#scope;
    if (isAnswered && (requestStream || responseStream)) {
      setImmediate(reportEnd, listener, scope);
    } else process.nextTick(reportEnd, listener, scope);
  }
}

function reportEnd(listener: ServerCallListener, scope: AsyncResource): void {
  scope.runInAsyncScope(listener.onCancel, listener);
}

function callAll(callbacks: readonly (() => void)[]): void {
  for (const callback of callbacks) callback();
}
