import { propagate, status, type CallCredentials, type Metadata } from '@grpc/grpc-js';
import {
  ErrorCode,
  headerListSize,
  type Http2Error,
  type Http2Stream,
  type StreamListener,
} from '../../../http2/index.js';
import { MAX_TIMEOUT_MS } from '../../../options/index.js';
import type { AuthContext } from '../../connection-info.js';
import type { CallListener, CallStatus, MessageContext, ParentCall } from '../../grpc-types.js';
import { headerSizeProblem } from '../../header-size-problem.js';
import type { MeasuringCall, ReadAhead } from '../../measured-calls.js';
import { onEndOf } from '../../parent-calls.js';
import { DeliveredCall } from '../delivered-call.js';
import { receivedMetadata } from '../received-metadata.js';
import { toMs } from '../timeout.js';
import { metadataProblem, requestHeaders, withCredentials } from './call-metadata.js';
import type { ClientCallSettings } from './client-call-settings.js';
import type { Subchannel, WaitingCall } from './subchannel.js';
import { MessageSendQueue } from './message-send-queue.js';
import { responseStatus } from './response-status.js';
import { statusOf, statusOfEnd, statusOfHttp } from './status-of-end.js';
import type { Transport } from './transport.js';

/** `WriteFlags.NoCompress` of gRPC. */
const NO_COMPRESS = 2;
/** Headers of a response that its metadata does not show. */
const HIDDEN_HEADERS = new Set(['grpc-encoding', 'grpc-accept-encoding']);

let lastCallNumber = 0;

/**
 * One call, as grpc-js' stubs and interceptors use it. What comes is told in order: metadata, messages
 * as they are asked for, status; never on the stack of the connection that received it.
 *
 * It stands for the call towards all who have to do with it (stub, subchannel, stream,
 * receive queue), so that a call is one object; what can be told apart from that is in files of its own. It is
 * an async resource, too: listeners, callbacks and credentials run in the context of the caller.
 */
export class ClientCall
  extends DeliveredCall
  implements MeasuringCall, WaitingCall, StreamListener
{
  readonly #subchannel: Subchannel;
  readonly #settings: ClientCallSettings;
  readonly #path: string;
  readonly #authority: string;
  readonly #number = ++lastCallNumber;
  readonly #createdAt = Date.now();
  readonly #sendQueue = new MessageSendQueue(() =>
    this.cancelWithStatus(status.INTERNAL, 'Failed to write message'),
  );
  #deadline: number;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #credentials: CallCredentials | undefined;
  #metadata!: Metadata;
  /** Whether the metadata has what credentials add to it. */
  #isAuthorized = false;
  /** None before it is started. */
  #listener: CallListener | undefined;
  #stopFollowing: (() => void) | undefined;
  #transport: Transport | undefined;
  #stream: Http2Stream | undefined;
  /** Of the response; kept until its metadata is told. */
  #headers: readonly string[] | undefined;
  #trailers: readonly string[] | undefined;
  #httpStatus = 0;
  #wasRefused = false;
  /** How it ended. Told when everything before it is, or at once. */
  #status: CallStatus | undefined;
  #mayTell = false;
  #isTold = false;
  #hasStarted = false;

  /**
   * @param deadline - milliseconds since 1970, or Infinity.
   * @param host - instead of the authority of the channel.
   */
  constructor(
    subchannel: Subchannel,
    settings: ClientCallSettings,
    path: string,
    deadline: number,
    host: string | null | undefined,
  ) {
    super('GRPC_CLIENT_CALL', settings.limits.maxReceiveLength, 'stream');
    this.#subchannel = subchannel;
    this.#settings = settings;
    this.#path = path;
    this.#deadline = deadline;
    this.#authority = host ?? settings.authority;
  }

  /** Ends with `parent`, and with its deadline, as far as `flags` say. Before `start()`. */
  follow(parent: ParentCall, flags: number): void {
    if (flags & propagate.DEADLINE) {
      this.#deadline = Math.min(this.#deadline, toMs(parent.getDeadline()));
    }
    if (flags & propagate.CANCELLATION) {
      this.#stopFollowing = onEndOf(parent, () => this.#endWithParent());
    }
  }

  // ---- Called by stubs and interceptors

  start(metadata: Metadata, listener: CallListener): void {
    this.#metadata = metadata;
    this.#listener = listener;
    // It may have been cancelled by somebody who did not wait for it to start.
    if (this.#status !== undefined) return this.schedule();
    this.#hasStarted = true;
    this.#subchannel.callStarted();
    if (this.#deadline !== Infinity && !this.#watchDeadline()) return;
    this.#subchannel.pick(this);
    // It is the caller's to change as soon as this returns.
    if (this.#stream === undefined) this.#metadata = metadata.clone();
  }

  sendMessageWithContext(context: MessageContext, message: Buffer): void {
    const { encoding, limits } = this.#settings;
    const { maxSendLength } = limits;
    if (maxSendLength >= 0 && message.length > maxSendLength) {
      this.cancelWithStatus(
        status.RESOURCE_EXHAUSTED,
        `Attempted to send message with a size larger than ${maxSendLength}`,
      );
    }
    const isPlain = encoding === 'identity' || ((context.flags ?? 0) & NO_COMPRESS) !== 0;
    this.#sendQueue.send(message, isPlain ? undefined : encoding, context.callback);
  }

  halfClose(): void {
    this.#sendQueue.end();
  }

  countReadAhead(stub: ReadAhead): void {
    this.receiveQueue.readAhead = stub;
  }

  onDecoded(decoded: unknown, length: number): void {
    if (!this.receiveQueue.isCountedByBound) this.receiveQueue.holdDecoded(decoded, length);
  }

  cancelWithStatus(code: status, details: string): void {
    if (this.#isTold) return;
    // An answer that says no counts, even if nobody was told of it yet.
    const hasFailed = this.#status !== undefined && this.#status.code !== status.OK;
    this.#end(hasFailed ? this.#status! : statusOf(code, details));
  }

  setCredentials(credentials: CallCredentials): void {
    this.#credentials = credentials;
  }

  getPeer(): string {
    return this.#transport?.info?.peerName ?? this.#settings.target;
  }

  getAuthContext(): AuthContext | null {
    return this.#transport === undefined ? null : (this.#transport.info?.authContext ?? {});
  }

  getCallNumber(): number {
    return this.#number;
  }

  // ---- Called by the subchannel

  get waitsForReady(): boolean {
    return this.#metadata.getOptions().waitForReady ?? false;
  }

  begin(transport: Transport): void {
    const credentials = this.#isAuthorized ? undefined : this.#allCredentials();
    if (credentials === undefined) return this.#open(transport, this.#metadata);
    const call = {
      method_name: this.#path,
      service_url: this.#settings.serviceUrlOf(this.#authority, this.#path),
    };
    this.runInAsyncScope(withCredentials, undefined, this.#metadata, credentials, call).then(
      (metadata) => {
        if (this.#status !== undefined) return;
        // Should it have to wait again, nobody is asked again.
        this.#isAuthorized = true;
        this.#metadata = metadata;
        if (this.#subchannel.isCurrent(transport) && transport.hasRoom)
          this.#open(transport, metadata);
        else this.#subchannel.pick(this);
      },
      (why: CallStatus) => this.#end(why),
    );
  }

  fail(why: CallStatus): void {
    this.#end(why);
  }

  // ---- Called by the stream

  onHeaders(headers: readonly string[], isAll: boolean): void {
    this.#sendQueue.commit();
    if (isAll) this.#trailers = headers;
    else this.#headers = headers;
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] === ':status') this.#httpStatus = Number(headers[i + 1]);
      else if (headers[i] === 'grpc-encoding') this.receiveQueue.encoding = headers[i + 1]!;
      else if (headers[i] === 'grpc-accept-encoding') this.#settings.accepted = headers[i + 1]!;
    }
    this.schedule();
  }

  onData(chunk: Buffer, start: number, end: number): void {
    this.receiveQueue.push(chunk, start, end);
  }

  onTrailers(headers: readonly string[]): void {
    this.#trailers = headers;
  }

  onEnd(): void {
    if (this.#status !== undefined) return;
    this.#endWith(this.#statusOfResponse());
    this.receiveQueue.end();
    // The answer is complete; what is not sent yet, nobody wants.
    if (!this.#stream!.ended) this.#stream!.reset(ErrorCode.NoError);
  }

  onDrain(): void {
    this.callBack();
  }

  onClose(error?: Http2Error): void {
    if (this.#status !== undefined || error === undefined) return;
    const isRefused = error.remote && error.http2Code === ErrorCode.RefusedStream;
    if (isRefused && !this.#wasRefused && this.#sendQueue.canReplay) this.#tryAgain();
    else this.#end(statusOfEnd(error));
  }

  // ---- Called by the receive queue

  override onMessage(message: Buffer): void {
    this.#listener!.onReceiveMessage(message);
  }

  /** All messages are read. */
  override onAllRead(): void {
    this.#mayTell = true;
    this.schedule();
  }

  override onUnreadable(code: status, details: string): void {
    const why = this.#httpStatus === 200 ? statusOf(code, details) : statusOfHttp(this.#httpStatus);
    this.cancelWithStatus(why.code, why.details);
  }

  override consume(bytes: number): void {
    this.#stream!.consume(bytes);
  }

  // ---- Its own

  /** A deadline that both have may be told by the parent first. */
  #endWithParent(): void {
    if (this.#deadline <= Date.now()) this.#exceed();
    else this.cancelWithStatus(status.CANCELLED, 'Cancelled by parent call');
  }

  /** Returns whether the deadline is still to come. */
  #watchDeadline(): boolean {
    const left = this.#deadline - Date.now();
    if (left > MAX_TIMEOUT_MS) return true;
    if (left > 0) this.#deadlineTimer = setTimeout(() => this.#exceed(), left);
    else this.#exceed();
    return left > 0;
  }

  #exceed(): void {
    const seconds = ((Date.now() - this.#createdAt) / 1000).toFixed(3);
    const where = this.#stream ? `remote_addr=${this.getPeer()}` : 'Waiting for a connection';
    this.cancelWithStatus(status.DEADLINE_EXCEEDED, `Deadline exceeded after ${seconds}s,${where}`);
  }

  #allCredentials(): CallCredentials | undefined {
    const { callCredentials } = this.#settings;
    if (this.#credentials === undefined || callCredentials === undefined) {
      return this.#credentials ?? callCredentials;
    }
    return this.#credentials.compose(callCredentials);
  }

  #open(transport: Transport, metadata: Metadata): void {
    const problem = metadataProblem(metadata);
    if (problem) return this.#end(problem);
    const base = this.#settings.headersOf(transport.scheme, this.#path, this.#authority);
    this.#transport = transport;
    this.receiveQueue.memory = transport.memory;
    try {
      const headers = requestHeaders(base, metadata, this.#deadline);
      // Those of every request are short.
      const size = headers === base ? 0 : headerListSize(headers);
      if (size > transport.maxHeaderListSize) return this.#refuseHeaders(size, transport);
      this.#stream = transport.open(headers, this);
    } catch (error) {
      const why = (error as Error).message;
      return this.#end(
        statusOf(status.INTERNAL, `Failed to start HTTP/2 stream with error ${why}`),
      );
    }
    if (this.#sendQueue.attach(this.#stream)) this.callBack();
  }

  #refuseHeaders(bytes: number, { maxHeaderListSize }: Transport): void {
    const { code, details } = headerSizeProblem('request', bytes, maxHeaderListSize);
    this.#end(statusOf(code, details));
  }

  /** The other end has not even looked at it: another stream may have better luck, once. */
  #tryAgain(): void {
    this.#wasRefused = true;
    this.#stream = undefined;
    this.#transport = undefined;
    this.#sendQueue.detach();
    this.#subchannel.pick(this);
  }

  #statusOfResponse(): CallStatus {
    if (this.#trailers !== undefined) return responseStatus(this.#trailers, this.#httpStatus);
    if (this.#httpStatus !== 200) return statusOfHttp(this.#httpStatus);
    return statusOf(
      status.INTERNAL,
      'Received RST_STREAM with code 0 (Call ended without gRPC status)',
    );
  }

  /** Ends it here and now: what came and was not read is dropped. */
  #end(why: CallStatus): void {
    const isSecond = this.#status !== undefined;
    this.#mayTell = true;
    this.receiveQueue.close();
    if (isSecond) this.#status = why;
    else this.#endWith(why);
    if (this.#stream === undefined) this.#subchannel.forget(this);
    else if (!this.#stream.closed) this.#stream.reset(ErrorCode.Cancel);
    this.schedule();
  }

  #endWith(why: CallStatus): void {
    this.#status = why;
    this.#sendQueue.release();
    if (this.#sendQueue.isAwaited) process.nextTick(callBack, this);
  }

  /** @internal Writers that wait for room go on. */
  callBack(): void {
    if (this.#sendQueue.isAwaited) this.runInAsyncScope(this.#sendQueue.callBack, this.#sendQueue);
  }

  protected override get mayDeliver(): boolean {
    return this.#listener !== undefined && !this.#isTold;
  }

  protected override deliverEvents(): void {
    this.#tellMetadata();
    this.receiveQueue.pump();
  }

  /** @internal The status is the last event. */
  override deliver(): void {
    super.deliver();
    if (this.#status !== undefined && this.#mayTell) this.#tellStatus(this.#status);
  }

  #tellMetadata(): void {
    const headers = this.#headers;
    if (headers === undefined || this.#isTold) return;
    this.#headers = undefined;
    const listener: CallListener & { ignoresMetadata?: boolean } = this.#listener!;
    if (listener.ignoresMetadata) return;
    listener.onReceiveMetadata(receivedMetadata(headers, HIDDEN_HEADERS));
  }

  #tellStatus(why: CallStatus): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.receiveQueue.close();
    // Until then it may still be too late: whoever waits for a reader is not to wait for ever.
    clearTimeout(this.#deadlineTimer);
    this.#stopFollowing?.();
    if (this.#hasStarted) this.#subchannel.callEnded();
    this.#listener!.onReceiveStatus(why);
  }
}

function callBack(call: ClientCall): void {
  call.callBack();
}
