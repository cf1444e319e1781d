import { Code, ConnectError } from '@connectrpc/connect';
import {
  connectivityState,
  Metadata,
  status,
  type ChannelInterface,
  type Interceptor,
  type InterceptorOptions,
  type NextCall,
} from '@grpc/grpc-js';
import { isMeasuring, type Call, type CallStatus } from '../grpc/index.js';
import { isError } from '../options/index.js';

/** A call as interceptors of grpc-js see it: with messages instead of bytes. */
export type MethodCall = ReturnType<NextCall>;
/** Listener of a `MethodCall`. */
export type MethodListener = NonNullable<Parameters<MethodCall['start']>[1]>;
/** Path, kind and codecs of a method. */
export type MethodDefinition = InterceptorOptions['method_definition'];

/** Carries calls. */
export interface CallCarrier {
  readonly channel: ChannelInterface;
  /** Interceptors of grpc-js; run on every call, the first one outermost. */
  readonly interceptors: readonly Interceptor[];
}

/** @param deadline - milliseconds since 1970, or Infinity. */
export function createMethodCall(
  { channel, interceptors }: CallCarrier,
  definition: MethodDefinition,
  deadline: number,
): MethodCall {
  const begin: NextCall = (options) => new ChannelCall(callOf(channel, options), definition);
  const intercepted = interceptors.reduceRight<NextCall>(
    (next, interceptor) => (options) => interceptor(options, next),
    begin,
  );
  return intercepted({ deadline, method_definition: definition });
}

function callOf(channel: ChannelInterface, options: InterceptorOptions): Call {
  const call = openCall(channel, options);
  if (options.credentials) call.setCredentials(options.credentials);
  return call;
}

/** @throws ConnectError `unavailable` if the channel is closed, as that of a peer that has left. */
function openCall(channel: ChannelInterface, options: InterceptorOptions): Call {
  const { method_definition: method, deadline = Infinity, host, parent, propagate_flags } = options;
  try {
    return channel.createCall(method.path, deadline, host, parent ?? null, propagate_flags);
  } catch (cause) {
    if (channel.getConnectivityState(false) !== connectivityState.SHUTDOWN) throw cause;
    throw new ConnectError(messageOf(cause), Code.Unavailable, undefined, undefined, cause);
  }
}

/** Serialises requests and parses responses of a call of a channel. */
class ChannelCall implements MethodCall {
  readonly #call: Call;
  readonly #definition: MethodDefinition;
  #unreadable: CallStatus | undefined;

  constructor(call: Call, definition: MethodDefinition) {
    this.#call = call;
    this.#definition = definition;
  }

  start(metadata: Metadata, listener: MethodListener = {}): void {
    this.#call.start(metadata, {
      onReceiveMetadata: (received) => listener.onReceiveMetadata?.(received),
      onReceiveMessage: (bytes: Buffer) => this.#receive(bytes, listener),
      onReceiveStatus: (received) => listener.onReceiveStatus?.(this.#unreadable ?? received),
    });
  }

  sendMessageWithContext(
    context: Parameters<MethodCall['sendMessageWithContext']>[0],
    message: unknown,
  ): void {
    let bytes: Buffer;
    try {
      bytes = this.#definition.requestSerialize(message);
    } catch (error) {
      const details = `cannot serialize the request: ${messageOf(error)}`;
      return this.#call.cancelWithStatus(status.INTERNAL, details);
    }
    this.#call.sendMessageWithContext(context, bytes);
  }

  sendMessage(message: unknown): void {
    this.sendMessageWithContext({}, message);
  }

  startRead(): void {
    this.#call.startRead();
  }

  halfClose(): void {
    this.#call.halfClose();
  }

  cancelWithStatus(code: status, details: string): void {
    this.#call.cancelWithStatus(code, details);
  }

  getPeer(): string {
    return this.#call.getPeer();
  }

  getAuthContext(): ReturnType<MethodCall['getAuthContext']> {
    return this.#call.getAuthContext();
  }

  #receive(bytes: Buffer, listener: MethodListener): void {
    let message: unknown;
    try {
      message = this.#definition.responseDeserialize(bytes);
    } catch (error) {
      const details = `cannot parse the response: ${messageOf(error)}`;
      this.#unreadable = { code: status.INTERNAL, details, metadata: new Metadata() };
      return this.#call.cancelWithStatus(status.INTERNAL, details);
    }
    if (isMeasuring(this.#call)) this.#call.onDecoded(message, bytes.length);
    listener.onReceiveMessage?.(message);
  }
}

function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}
