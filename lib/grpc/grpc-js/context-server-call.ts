import { AsyncResource } from 'node:async_hooks';
import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { inRootContext } from '../../context/index.js';
import type { AuthContext, ConnectionInfo } from '../connection-info.js';
import type { ServerCallInterface, ServerCallListener, ServerStatus } from '../grpc-types.js';
import { headerSizeProblem } from '../header-size-problem.js';
import { fittingStatus, MAX_METADATA_SIZE, metadataSize } from './header-limits.js';

/**
 * A call of grpc-js' server with an async context of its own, in which its handler is told of everything:
 * an `enterWith` concerns this call, and no other. Says which connection it came in on, where grpc-js
 * only sees a stream without address. Headers that `node:http2` would close the connection for are kept
 * from it.
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
          // What handlers of a stream have entered by now is the context of its messages.
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

/** Gives calls their context, ahead of all other interceptors; and their connection, if it has a name. */
export function withContext(connection?: ConnectionInfo): ServerInterceptor {
  return (_method, call) => new ContextServerCall(call, connection);
}

/** `interceptors`, which grpc-js calls by itself, in the context of the call, as one. */
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
