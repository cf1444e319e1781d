import { AsyncResource } from 'node:async_hooks';
import { CallCredentials, Metadata, propagate, status } from '@grpc/grpc-js';
import { inRootContext } from '../../context/index.js';
import type { AuthContext } from '../connection-info.js';
import type { Call, CallListener, CallStatus, MessageContext, ParentCall } from '../grpc-types.js';
import { headerSizeProblem } from '../header-size-problem.js';
import { onEndOf } from '../parent-calls.js';
import { MAX_METADATA_SIZE, metadataSize } from './header-limits.js';

/**
 * A call of grpc-js in the async context of its caller: listeners, callbacks and credentials run there.
 * Everything that grpc-js creates meanwhile, above all connections, is created in the root context. A call
 * whose headers would make `node:http2` close the connection ends with an error instead.
 */
export class ContextCall extends AsyncResource implements Call {
  readonly #call: Call;
  #stopFollowing: (() => void) | undefined;
  #metadataSize = 0;

  constructor(call: Call) {
    super('GRPC_CLIENT_CALL');
    this.#call = call;
    // grpc-js composes the credentials of the channel with those of the call, even if none are set.
    call.setCredentials(new ContextCredentials(CallCredentials.createEmpty(), this));
  }

  /**
   * Ends the call with `parent` if `flags` select it. The channel applies the deadline of `parent`. Must be
   * called before `start()`.
   */
  follow(parent: ParentCall, flags: number): void {
    if (!(flags & propagate.CANCELLATION)) return;
    this.#stopFollowing = onEndOf(parent, () => this.#endWith(parent));
  }

  start(metadata: Metadata, listener: CallListener): void {
    this.#metadataSize = metadataSize(metadata);
    const isTooLarge = this.#metadataSize > MAX_METADATA_SIZE;
    if (isTooLarge) {
      const { code, details } = headerSizeProblem('request', this.#metadataSize, MAX_METADATA_SIZE);
      this.cancelWithStatus(code, details);
    }
    const sent = isTooLarge ? new Metadata() : metadata;
    inRootContext(() => this.#call.start(sent, this.#inContext(listener)));
  }

  sendMessageWithContext(context: MessageContext, message: Buffer): void {
    const { callback } = context;
    const bound = callback && { ...context, callback: this.bind(callback) };
    inRootContext(() => this.#call.sendMessageWithContext(bound ?? context, message));
  }

  startRead(): void {
    this.#call.startRead();
  }

  halfClose(): void {
    this.#call.halfClose();
  }

  cancelWithStatus(code: status, details: string): void {
    inRootContext(() => this.#call.cancelWithStatus(code, details));
  }

  setCredentials(credentials: CallCredentials): void {
    this.#call.setCredentials(new ContextCredentials(credentials, this));
  }

  getPeer(): string {
    return this.#call.getPeer();
  }

  getAuthContext(): AuthContext | null {
    return this.#call.getAuthContext();
  }

  getCallNumber(): number {
    return this.#call.getCallNumber();
  }

  /**
   * @internal Returns the metadata of credentials if it fits into the headers.
   *
   * @throws Error with a status code.
   */
  verifyAdded(added: Metadata): Metadata {
    const size = this.#metadataSize + metadataSize(added);
    if (size <= MAX_METADATA_SIZE) return added;
    const { code, details } = headerSizeProblem('request', size, MAX_METADATA_SIZE);
    throw Object.assign(new Error(details), { code });
  }

  #inContext(listener: CallListener): CallListener {
    return {
      onReceiveMetadata: (metadata) =>
        this.runInAsyncScope(listener.onReceiveMetadata, listener, metadata),
      onReceiveMessage: (message) =>
        this.runInAsyncScope(listener.onReceiveMessage, listener, message),
      onReceiveStatus: (why: CallStatus) => {
        this.#stopFollowing?.();
        this.runInAsyncScope(listener.onReceiveStatus, listener, why);
      },
    };
  }

  /** The parent may report a shared deadline before the timer of this call fires. */
  #endWith(parent: ParentCall): void {
    if (Number(parent.getDeadline()) <= Date.now()) {
      this.cancelWithStatus(status.DEADLINE_EXCEEDED, 'Deadline of the parent call exceeded');
    } else {
      this.cancelWithStatus(status.CANCELLED, 'Cancelled by parent call');
    }
  }
}

/** Credentials of one call. They run in its context whenever grpc-js has a connection for the call. */
class ContextCredentials extends CallCredentials {
  readonly #inner: CallCredentials;
  readonly #call: ContextCall;

  constructor(inner: CallCredentials, call: ContextCall) {
    super();
    this.#inner = inner;
    this.#call = call;
  }

  async generateMetadata(
    options: Parameters<CallCredentials['generateMetadata']>[0],
  ): Promise<Metadata> {
    const call = this.#call;
    return call.verifyAdded(
      await call.runInAsyncScope(() => this.#inner.generateMetadata(options)),
    );
  }

  compose(other: CallCredentials): CallCredentials {
    const composed = this.#inner.compose(other);
    // grpc-js then requests no metadata.
    if (composed._equals(CallCredentials.createEmpty())) return composed;
    return new ContextCredentials(composed, this.#call);
  }

  _equals(other: CallCredentials): boolean {
    return this === other;
  }
}
