import { AsyncResource } from 'node:async_hooks';
import { type Deadline, type Metadata, status } from '@grpc/grpc-js';
import {
  excerpt,
  headerListSize,
  type Http2Error,
  type Http2Stream,
  type StreamListener,
} from '../../../http2/index.js';
import { MAX_TIMEOUT_MS } from '../../../options/index.js';
import type { AuthContext, ConnectionInfo } from '../../connection-info.js';
import type { ServerCallInterface, ServerCallListener, ServerStatus } from '../../grpc-types.js';
import { headerSizeProblem } from '../../header-size-problem.js';
import type { CallMemory } from '../call-memory.js';
import { debugDetails } from '../debug-details.js';
import { DeliveredCall } from '../delivered-call.js';
import type { MessageLimits } from '../message-limits.js';
import { messagePrefix, PREFIX_LENGTH } from '../message-prefix.js';
import { receivedMetadata } from '../received-metadata.js';
import { decodeTimeout } from '../timeout.js';
import {
  RESPONSE_HEADERS,
  responseHeaders,
  statusTrailers,
  trailersOnly,
} from './response-headers.js';
import type { Method } from './service-table.js';
import { unsentMetrics } from './unsent-metrics.js';

/** Headers of a request that its metadata does not show. */
const HIDDEN_HEADERS = new Set([
  'accept-encoding',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-timeout',
  'te',
]);

/** Bytes of headers that every call may have; those of longer ones count as memory of the connection. */
const SMALL_HEADERS = 4096;
/** Bytes that each header counts for besides name and value (RFC 9113, 6.5.2). */
const HEADER_OVERHEAD = 32;
/** Bytes that each value of a list of binary ones counts for: a `Buffer` of its own. */
const BINARY_VALUE_BYTES = 256;

/** Said of calls whose replies there is no room for. */
export const CLOGGED =
  'Replies that wait on this connection need more than "grpc-node.max_session_memory"';

/** What the calls of one connection have in common. */
export interface ServerCallHost {
  readonly connection: ConnectionInfo;
  readonly limits: MessageLimits;
  /** What the calls hold. */
  readonly memory: CallMemory;
  /** Whether so many replies wait that new calls are refused, and calls under way get no more. */
  isClogged(): boolean;
}

/**
 * One call of a server, as interceptors and handlers of grpc-js use it: nothing is told on the stack of
 * the connection that received it. It is an async resource, too: an `enterWith` of a handler concerns
 * this call, and no other.
 */
export class ServerCall extends DeliveredCall implements ServerCallInterface, StreamListener {
  readonly #stream: Http2Stream;
  readonly #headers: readonly string[];
  readonly #method: Method;
  readonly #served: ServerCallHost;
  #listener: ServerCallListener | undefined;
  #host = '';
  /** Bytes of memory that are held for long headers. */
  #headersHeld = 0;
  #deadline: number = Infinity;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #sentMetadata = false;
  #sentStatus = false;
  /** Its status is sent, or nobody is there to take it. */
  #isOver = false;
  /** Told when there is room for more. */
  #onDrained: (() => void)[] | undefined;
  #run: ((call: ServerCall) => void) | undefined;
  /** In which the handler is told of everything. */
  #scope: AsyncResource = this;

  /** @param run - begins to serve the call; on a stack of its own, unless it is over by then. */
  constructor(
    stream: Http2Stream,
    headers: readonly string[],
    method: Method,
    served: ServerCallHost,
    run: (call: ServerCall) => void,
  ) {
    super(
      'GRPC_SERVER_CALL',
      served.limits.maxReceiveLength,
      method.definition.requestStream ? 'stream' : 'single',
      served.memory,
    );
    this.#stream = stream;
    this.#headers = headers;
    this.#method = method;
    this.#served = served;
    this.#run = run;
    this.#readHeaders();
    this.schedule();
  }

  // ---- Called by handlers and interceptors

  start(listener: ServerCallListener): void {
    if (this.#isOver) return;
    this.#listener = listener;
    listener.onReceiveMetadata(receivedMetadata(this.#headers, HIDDEN_HEADERS));
  }

  sendMetadata(metadata: Metadata): void {
    if (this.#isOver || this.#sentMetadata) return;
    const headers = responseHeaders(metadata);
    const size = headerListSize(headers);
    const limit = this.#stream.maxHeaderListSize;
    if (size <= limit) return this.#sendHeaders(headers);
    const { code, details } = headerSizeProblem('response', size, limit);
    this.#fail(code, details);
  }

  sendMessage(message: unknown, callback: () => void): void {
    if (this.#isOver) return;
    let bytes: Buffer;
    try {
      bytes = this.#method.definition.responseSerialize(message);
    } catch (error) {
      return this.#fail(status.INTERNAL, debugDetails('Error serializing response', error));
    }
    const { maxSendLength } = this.#served.limits;
    if (maxSendLength >= 0 && bytes.length > maxSendLength) {
      return this.#fail(
        status.RESOURCE_EXHAUSTED,
        `Sent message larger than max (${bytes.length + PREFIX_LENGTH} vs. ${maxSendLength})`,
      );
    }
    if (this.#served.isClogged()) return this.#fail(status.RESOURCE_EXHAUSTED, CLOGGED);
    if (!this.#sentMetadata) this.#sendHeaders(RESPONSE_HEADERS);
    const pieces = [messagePrefix(bytes.length), bytes];
    if (this.#stream.write(pieces, PREFIX_LENGTH + bytes.length)) callback();
    else (this.#onDrained ??= []).push(callback);
  }

  sendStatus({ code, details, metadata }: ServerStatus): void {
    if (this.#isOver) return;
    const limit = this.#stream.maxTrailersSize;
    const trailers = this.#sentMetadata
      ? statusTrailers(code, details, metadata, limit)
      : trailersOnly(code, details, metadata, limit);
    this.#sentStatus = true;
    this.#stream.sendHeaders(trailers, true);
    this.#stream.discardRest();
    this.#finish();
  }

  getPeer(): string {
    return this.#served.connection.peerName;
  }

  getDeadline(): Deadline {
    return this.#deadline;
  }

  getHost(): string {
    return this.#host;
  }

  getAuthContext(): AuthContext {
    return this.#served.connection.authContext;
  }

  getConnectionInfo(): ReturnType<ServerCallInterface['getConnectionInfo']> {
    return this.#served.connection.addresses;
  }

  getMetricsRecorder(): ReturnType<ServerCallInterface['getMetricsRecorder']> {
    return unsentMetrics;
  }

  // ---- Called by the stream

  /** Requests have theirs before the call is made. */
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
    if (!this.#isOver) this.#finish();
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

  // ---- Its own

  #readHeaders(): void {
    const headers = this.#headers;
    let size = 0;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i]!;
      const value = headers[i + 1]!;
      size += name.length + value.length + HEADER_OVERHEAD;
      if (isBinary(name)) size += BINARY_VALUE_BYTES * valuesIn(value);
      switch (name) {
        case ':authority':
          this.#host = value;
          break;
        case 'host':
          this.#host ||= value;
          break;
        case 'grpc-encoding':
          this.receiveQueue.encoding = value;
          break;
        case 'grpc-timeout':
          this.#setTimeout(value);
          break;
      }
    }
    if (size > SMALL_HEADERS) this.#holdHeaders(size);
  }

  /** Handlers may have all of their metadata made, however little the headers took on the wire. */
  #holdHeaders(bytes: number): void {
    if (this.#served.memory.hold(bytes)) this.#headersHeld = bytes;
    else this.#run = () => this.#refuse(status.RESOURCE_EXHAUSTED, NO_ROOM_FOR_HEADERS);
  }

  #setTimeout(header: string): void {
    if (this.#deadline !== Infinity) return; // Said twice: the first counts.
    const timeoutMs = decodeTimeout(header);
    if (timeoutMs === undefined) {
      const details = `Invalid grpc-timeout value "${excerpt(header)}"`;
      this.#run = () => this.#refuse(status.INTERNAL, details);
      return;
    }
    this.#deadline = Date.now() + timeoutMs;
    if (timeoutMs > MAX_TIMEOUT_MS) return;
    this.#deadlineTimer = setTimeout(() => this.#expire(), timeoutMs);
  }

  /** A call that is given up by its deadline is no better than one that is reset. */
  #expire(): void {
    if (!this.#stream.isWanted) this.#stream.chargeRefusal();
    this.#fail(status.DEADLINE_EXCEEDED, 'Deadline exceeded');
  }

  #sendHeaders(headers: readonly string[]): void {
    this.#sentMetadata = true;
    this.#stream.sendHeaders(headers);
  }

  #fail(code: status, details: string): void {
    this.sendStatus({ code, details, metadata: null });
  }

  /** The request is at fault: a peer may not repeat that without end. */
  #refuse(code: status, details: string): void {
    this.#stream.chargeRefusal();
    this.#fail(code, details);
  }

  /** Handlers are told that the call is over however it ended: so does grpc-js. */
  #finish(): void {
    // The last thing it sends may close the stream, and that brings it here too.
    if (this.#isOver) return;
    this.#isOver = true;
    this.receiveQueue.close();
    clearTimeout(this.#deadlineTimer);
    if (this.#headersHeld > 0) this.#served.memory.release(this.#headersHeld);
    if (this.#listener) this.#tellEnd(this.#listener);
  }

  /** The streams of a call that ended in order are told after they have closed, as with grpc-js. */
  #tellEnd(listener: ServerCallListener): void {
    const { requestStream, responseStream } = this.#method.definition;
    const scope = this.#scope;
    if (this.#sentStatus && (requestStream || responseStream)) {
      setImmediate(tellEnd, listener, scope);
    } else process.nextTick(tellEnd, listener, scope);
  }

  /** Interceptors run in it; one that throws must not leave the call without an end. */
  #begin(run: (call: ServerCall) => void): void {
    this.#run = undefined;
    if (this.#isOver) return;
    try {
      run(this);
      // What handlers of a stream have entered by now is the context of its messages.
      if (this.#method.definition.requestStream) this.#scope = new AsyncResource('GRPC_HANDLER');
    } catch (error) {
      this.#fail(status.UNKNOWN, debugDetails('Unknown error', error));
      throw error;
    }
  }

  // ---- Called for a delivery

  /** @internal */
  override get scope(): AsyncResource {
    return this.#scope;
  }

  protected override get mayDeliver(): boolean {
    return !this.#isOver;
  }

  protected override deliverEvents(): void {
    if (this.#run) this.#begin(this.#run);
    this.receiveQueue.pump();
  }
}

const NO_ROOM_FOR_HEADERS =
  'Headers of the calls of this connection need more than "grpc-node.max_session_memory"';

function tellEnd(listener: ServerCallListener, scope: AsyncResource): void {
  scope.runInAsyncScope(listener.onCancel, listener);
}

function callAll(callbacks: readonly (() => void)[]): void {
  for (const callback of callbacks) callback();
}

/** How many values a list that is joined by commas has; none of them is made. */
function valuesIn(list: string): number {
  let count = 1;
  for (let at = list.indexOf(','); at >= 0; at = list.indexOf(',', at + 1)) count += 1;
  return count;
}

/** `endsWith` takes its time, and hardly any name ends with an n. */
function isBinary(name: string): boolean {
  return name.charCodeAt(name.length - 1) === 0x6e && name.endsWith('-bin');
}
