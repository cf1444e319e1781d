import { status, type CallCredentials, type Metadata } from '@grpc/grpc-js';
import {
  ErrorCode,
  type Http2Error,
  Http2Stream,
  type StreamListener,
} from '../../../http2/index.js';
import type { AuthContext } from '../../connection-info.js';
import type { CallListener, CallStatus, MessageContext, ParentCall } from '../../grpc-types.js';
import type { MeasuringCall, ReadAhead } from '../../measured-calls.js';
import { DeliveredCall } from '../delivered-call.js';
import { CallDeadline, type CallWithDeadline } from './call-deadline.js';
import { metadataProblem, metadataSize, withCredentials } from './call-metadata.js';
import type { ClientCallSettings } from './client-call-settings.js';
import type { ClientCallState } from './client-call-state.js';
import { MessageSendQueue } from './message-send-queue.js';
import { openStream } from './open-stream.js';
import { ResponseHead } from './response-head.js';
import { statusOf, statusOfEnd } from './status-of-end.js';
import type { CallRouter, CallTransport, WaitingCall } from './call-router.js';
import { isUnprocessed } from './transparent-retry.js';

/**
 * Largest metadata, in bytes, of a call that begins before the peer has announced its limit: the default
 * limit that gRPC suggests to servers ("gRPC over HTTP2", Requests).
 */
const MAX_EARLY_METADATA = 8 * 1024;

let lastCallNumber = 0;

/**
 * One call, as stubs and interceptors of grpc-js use it. Delivers metadata, messages and status, in this order.
 *
 * The call is the listener of all parts that it uses. User code runs in the async context of the caller.
 *
 * Longer than 300 lines because stub, router and stream all call the same object: one object per call.
 */
export class ClientCall
  extends DeliveredCall
  implements MeasuringCall, WaitingCall, CallWithDeadline, StreamListener
{
  readonly #router: CallRouter;
  readonly #settings: ClientCallSettings;
  readonly #path: string;
  readonly #authority: string;
  readonly #number = ++lastCallNumber;
  readonly #sendQueue = new MessageSendQueue(() =>
    this.cancelWithStatus(status.INTERNAL, 'Failed to write message'),
  );
  readonly #response = new ResponseHead();
  #state: ClientCallState = 'created';
  /** Undefined without a deadline and a parent. */
  #deadline: CallDeadline | undefined;
  /** Credentials whose metadata is still to be added to that of the call. */
  #credentials: CallCredentials | undefined;
  /** Set by `start()`, as is the listener. */
  #metadata!: Metadata;
  #listener: CallListener | undefined;
  #transport: CallTransport | undefined;
  #stream: Http2Stream | undefined;
  #hasRetried = false;
  /** Whether the stream was opened before the peer announced how many it allows. */
  #isEarly = false;
  /** The status to be delivered; undefined before the call has ended. */
  #status: CallStatus | undefined;

  /**
   * @param deadline - milliseconds since 1970, or Infinity.
   * @param host - overrides the authority of the channel.
   */
  constructor(
    router: CallRouter,
    settings: ClientCallSettings,
    path: string,
    deadline: number,
    host: string | null | undefined,
  ) {
    super('GRPC_CLIENT_CALL', settings.limits.maxReceiveLength, 'stream');
    this.#router = router;
    this.#settings = settings;
    this.#path = path;
    this.#authority = host ?? settings.authority;
    this.#credentials = settings.callCredentials;
    if (deadline !== Infinity) this.#deadline = new CallDeadline(this, deadline);
  }

  /**
   * Ends the call with `parent`, and at its deadline, as selected by `flags`. Must be called before
   * `start()`.
   */
  follow(parent: ParentCall, flags: number): void {
    (this.#deadline ??= new CallDeadline(this, Infinity)).follow(parent, flags);
  }

  // ---- Called by stubs and interceptors

  start(metadata: Metadata, listener: CallListener): void {
    this.#metadata = metadata;
    this.#listener = listener;
    if (this.#state !== 'created') return this.schedule();
    this.#state = 'waiting';
    this.#router.callStarted(this);
    if (this.#deadline !== undefined && !this.#deadline.start()) return;
    this.#router.pick(this);
    // The caller may change its metadata after this returns.
    if (this.#state === 'waiting') this.#metadata = metadata.clone();
  }

  sendMessageWithContext(context: MessageContext, message: Buffer): void {
    const problem = this.#settings.sizeProblem(message.length);
    if (problem !== undefined) this.cancelWithStatus(status.RESOURCE_EXHAUSTED, problem);
    const encoding = this.#settings.messageEncoding(context.flags);
    this.#sendQueue.send(message, encoding, context.callback);
  }

  halfClose(): void {
    this.#sendQueue.end();
  }

  countReadAhead(stub: ReadAhead): void {
    this.receiveQueue.memory.readAhead = stub;
  }

  onDecoded(decoded: unknown, length: number): void {
    if (!this.receiveQueue.memory.isCountedByBound) this.receiveQueue.holdDecoded(decoded, length);
  }

  cancelWithStatus(code: status, details: string): void {
    if (this.#state === 'closed') return;
    // A failure that is known stays the status, even if it is not delivered yet.
    const isFailed = this.#status !== undefined && this.#status.code !== status.OK;
    this.#end(isFailed ? this.#status! : statusOf(code, details));
  }

  setCredentials(credentials: CallCredentials): void {
    this.#credentials = this.#settings.combine(credentials);
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

  // ---- Called by the router and the deadline

  get isConnected(): boolean {
    return this.#stream !== undefined && this.#transport?.isReady !== false;
  }

  get waitsForReady(): boolean {
    return this.#metadata.getOptions().waitForReady ?? false;
  }

  get mayBeginEarly(): boolean {
    return !this.waitsForReady && metadataSize(this.#metadata) <= MAX_EARLY_METADATA;
  }

  begin(transport: CallTransport): void {
    const credentials = this.#credentials;
    if (credentials === undefined) return this.#open(transport);
    const call = this.#settings.describe(this.#path, this.#authority);
    this.runInAsyncScope(withCredentials, undefined, this.#metadata, credentials, call).then(
      (metadata) => this.#authorized(transport, metadata),
      (why: CallStatus) => this.fail(why),
    );
  }

  fail(why: CallStatus): void {
    if (this.#state !== 'closed') this.#end(why);
  }

  // ---- Called by the stream

  onHeaders(headers: readonly string[], isAll: boolean): void {
    this.#sendQueue.commit();
    this.#response.receiveHeaders(headers, isAll);
    this.receiveQueue.encoding = this.#response.encoding;
    this.#settings.accepted = this.#response.acceptedEncodings;
    this.schedule();
  }

  onData(chunk: Buffer, start: number, end: number): void {
    this.receiveQueue.push(chunk, start, end);
  }

  onTrailers(headers: readonly string[]): void {
    this.#response.receiveTrailers(headers);
  }

  onEnd(): void {
    if (this.#state !== 'open') return;
    this.#settle('answered', this.#response.toStatus());
    this.receiveQueue.end();
    // The response is complete: the server reads no more of the request.
    if (!this.#stream!.ended) this.#stream!.reset(ErrorCode.NoError);
  }

  /** Calls the callbacks of writers that wait for room. */
  onDrain(): void {
    this.#sendQueue.trim();
    if (this.#sendQueue.isAwaited) this.runInAsyncScope(this.#sendQueue.callBack, this.#sendQueue);
  }

  onClose(error?: Http2Error): void {
    if (this.#state !== 'open' || error === undefined) return;
    const mayRetry = isUnprocessed(error) && this.#sendQueue.canReplay;
    if (mayRetry && (!this.#hasRetried || this.#isTooEarly())) this.#retry();
    else this.#end(this.#transport!.statusOfEnd?.(error) ?? statusOfEnd(error));
  }

  // ---- Called by the receive queue

  override onMessage(message: Buffer): void {
    this.#listener!.onReceiveMessage(message);
  }

  override onAllRead(): void {
    this.#state = 'ended';
    this.schedule();
  }

  override onUnreadable(code: status, details: string): void {
    const why = this.#response.toFailure(code, details);
    this.cancelWithStatus(why.code, why.details);
  }

  override consume(bytes: number): void {
    this.#stream!.consume(bytes);
  }

  // ---- Called for a delivery

  protected override get mayDeliver(): boolean {
    return this.#listener !== undefined && this.#state !== 'closed';
  }

  protected override deliverEvents(): void {
    this.#response.deliverMetadata(this.#listener!);
    this.receiveQueue.pump();
  }

  /** @internal Delivers the status as well, once the call has ended. */
  override deliver(): void {
    super.deliver();
    if (this.#state === 'ended' || this.#state === 'cancelled') this.#deliverStatus();
  }

  #deliverStatus(): void {
    if (this.#state === 'ended') this.#router.callEnded(this);
    this.#state = 'closed';
    this.receiveQueue.close();
    // The deadline applies until here, so that the call does not wait forever for a reader.
    this.#deadline?.stop();
    this.#listener!.onReceiveStatus(this.#status!);
  }

  // ---- Private methods

  #authorized(transport: CallTransport, metadata: Metadata): void {
    if (this.#state !== 'waiting') return;
    this.#credentials = undefined;
    this.#metadata = metadata;
    if (this.#router.isCurrent(transport) && transport.hasRoom) this.#open(transport);
    else this.#router.pick(this);
  }

  #open(transport: CallTransport): void {
    const problem = metadataProblem(this.#metadata);
    if (problem) return this.#end(problem);
    const base = this.#settings.headersOf(transport.scheme, this.#path, this.#authority);
    this.#transport = transport;
    this.receiveQueue.memory.account = transport.memory;
    const deadline = this.#deadline?.deadline ?? Infinity;
    const stream = openStream(transport, base, this.#metadata, deadline, this);
    if (!(stream instanceof Http2Stream)) return this.#end(stream);
    this.#stream = stream;
    this.#isEarly = transport.isReady === false;
    this.#state = 'open';
    if (this.#sendQueue.attach(stream)) this.onDrain();
  }

  /** Whether the peer has refused the call because it allows fewer: as if the call had waited for SETTINGS. */
  #isTooEarly(): boolean {
    const transport = this.#transport!;
    return this.#isEarly && this.#router.isCurrent(transport) && !transport.hasRoom;
  }

  /** Waits for another stream: the peer has not processed the request. */
  #retry(): void {
    if (!this.#isTooEarly()) this.#hasRetried = true;
    this.#state = 'waiting';
    this.#stream = undefined;
    this.#transport = undefined;
    this.#sendQueue.detach();
    this.#router.pick(this);
  }

  /**
   * Ends the call at once: unread messages are dropped. If the call has already ended, replaces its status.
   */
  #end(why: CallStatus): void {
    const isStarted = this.#state !== 'created' && this.#state !== 'cancelled';
    this.receiveQueue.close();
    this.#settle(isStarted ? 'ended' : 'cancelled', why);
    if (this.#stream === undefined) this.#router.forget(this);
    else if (!this.#stream.closed) this.#stream.reset(ErrorCode.Cancel);
    this.schedule();
  }

  #settle(state: 'cancelled' | 'answered' | 'ended', why: CallStatus): void {
    this.#state = state;
    this.#status = why;
    this.#sendQueue.release();
    if (this.#sendQueue.isAwaited) process.nextTick(callBack, this);
  }
}

function callBack(call: ClientCall): void {
  call.onDrain();
}
