import { AsyncResource } from 'node:async_hooks';
import { CallCredentials, Metadata, propagate, status } from '@grpc/grpc-js';
import { inRootContext } from '../../context/index.js';
import type { AuthContext } from '../connection-info.js';
import type { Call, CallListener, CallStatus, MessageContext, ParentCall } from '../grpc-types.js';
import { headerSizeProblem } from '../header-size-problem.js';
import { onEndOf } from '../parent-calls.js';
import { MAX_METADATA_SIZE, metadataSize } from './header-limits.js';

/**
 * A call of grpc-js that keeps to its caller's async context: listeners, callbacks and credentials run
 * in it, and all that grpc-js makes meanwhile, connections above all, is made in the root context. A call
 * ends if `node:http2` would close the connection for its headers.
 */
export class ContextCall extends AsyncResource implements Call {
  readonly #call: Call;
  #stopFollowing: (() => void) | undefined;
  #metadataSize = 0;

  constructor(call: Call) {
    super('GRPC_CLIENT_CALL');
    this.#call = call;
    // The credentials of the channel are composed with those of the call, if these are set or not.
    call.setCredentials(new ContextCredentials(CallCredentials.createEmpty(), this));
  }

  /** Ends with `parent`, whose deadline the call has, as far as `flags` say. Before `start()`. */
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
   * @internal What credentials add to the metadata, if there is room for it.
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

  /** A deadline that both have may be told by the parent first. */
  #endWith(parent: ParentCall): void {
    if (Number(parent.getDeadline()) <= Date.now()) {
      this.cancelWithStatus(status.DEADLINE_EXCEEDED, 'Deadline of the parent call exceeded');
    } else {
      this.cancelWithStatus(status.CANCELLED, 'Cancelled by parent call');
    }
  }
}

/** Credentials of one call, which are asked in its context, whenever grpc-js has a connection for it. */
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
    // grpc-js asks nobody then.
    if (composed._equals(CallCredentials.createEmpty())) return composed;
    return new ContextCredentials(composed, this.#call);
  }

  _equals(other: CallCredentials): boolean {
    return this === other;
  }
}
