import { AsyncResource } from 'node:async_hooks';
import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { inRootContext } from '../../context/index.js';
import type { AuthContext, ConnectionInfo } from '../connection-info.js';
import type { ServerCallInterface, ServerCallListener, ServerStatus } from '../grpc-types.js';
import { headerSizeProblem } from '../header-size-problem.js';
import { fittingStatus, MAX_METADATA_SIZE, metadataSize } from './header-limits.js';

/**
 * A call of a grpc-js server with its own async context, in which all listeners run: an `enterWith` of its
 * handler affects no other call. The call reports the connection that it arrived on, where grpc-js only
 * sees a stream without an address. Headers that would make `node:http2` close the connection are not
 * passed to it.
 */
class ContextServerCall extends ServerInterceptingCall {
  #context = inRootContext(createContext);
  readonly #connection: ConnectionInfo | undefined;

  constructor(call: ServerCallInterface, connection: ConnectionInfo | undefined) {
    super(call);
    this.#connection = connection;
  }

  override start(listener: ServerCallListener): void {
    super.start({
      onReceiveMetadata: (metadata) =>
        this.run(() => {
          listener.onReceiveMetadata(metadata);
          // A context that a streaming handler has entered by now applies to its messages.
          this.#context = createContext();
        }),
      onReceiveMessage: (message) => this.run(() => listener.onReceiveMessage(message)),
      onReceiveHalfClose: () => this.run(() => listener.onReceiveHalfClose()),
      onCancel: () => this.run(() => listener.onCancel()),
    });
  }

  override sendMessage(message: unknown, callback: () => void): void {
    super.sendMessage(message, () => this.run(callback));
  }

  override sendMetadata(metadata: Metadata): void {
    const size = metadataSize(metadata);
    if (size <= MAX_METADATA_SIZE) return super.sendMetadata(metadata);
    super.sendStatus({ ...headerSizeProblem('response', size, MAX_METADATA_SIZE), metadata: null });
  }

  override sendStatus(ended: ServerStatus): void {
    super.sendStatus(fittingStatus(ended));
  }

  /** Runs `action` in the context of the call. */
  run<R>(action: () => R): R {
    return this.#context.runInAsyncScope(action);
  }

  override getPeer(): string {
    return this.#connection?.peerName ?? super.getPeer();
  }

  override getAuthContext(): AuthContext {
    return this.#connection?.authContext ?? super.getAuthContext();
  }
}

function createContext(): AsyncResource {
  return new AsyncResource('GRPC_SERVER_CALL');
}

/**
 * Creates an interceptor, to run before those of the user, that gives calls their context and, if any,
 * their `connection`.
 */
export function withContext(connection?: ConnectionInfo): ServerInterceptor {
  return (_method, call) => new ContextServerCall(call, connection);
}

/** Combines `interceptors` into one that runs them in the context of the call, which grpc-js does not do. */
export function inCallScope(interceptors: readonly ServerInterceptor[]): ServerInterceptor[] {
  if (interceptors.length === 0) return [];
  return [
    (method, call) => {
      const intercept = (): ServerCallInterface =>
        interceptors.reduce<ServerCallInterface>((inner, next) => next(method, inner), call);
      const intercepted = call instanceof ContextServerCall ? call.run(intercept) : intercept();
      return intercepted as ServerInterceptingCall;
    },
  ];
}
