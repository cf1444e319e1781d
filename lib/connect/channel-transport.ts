import {
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type DescMethodStreaming,
  type DescMethodUnary,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import {
  Code,
  ConnectError,
  createContextValues,
  type ContextValues,
  type Interceptor,
  type StreamRequest,
  type StreamResponse,
  type Transport,
  type UnaryRequest,
  type UnaryResponse,
} from '@connectrpc/connect';
import { createMethodUrl, runStreamingCall, runUnaryCall } from '@connectrpc/connect/protocol';
import { MAX_TIMEOUT_MS, showValue } from '../options/index.js';
import { ConnectCall } from './connect-call.js';
import { toMetadata } from './headers.js';
import { createMethodCall, type CallCarrier, type MethodDefinition } from './method-call.js';
import { requestMessages } from './request-messages.js';
import type { ConnectTransportOptions } from './transport-options.js';

/** Headers as callers pass them. `HeadersInit` is no global type of Node. */
type HeadersInput = ConstructorParameters<typeof Headers>[0];

/** Interceptors of Connect see urls that begin with this. There is no address to connect to. */
const BASE_URL = 'http://backchannel';

/** Makes the calls of Connect's clients on a channel of gRPC. */
export class ChannelTransport implements Transport {
  readonly #carrier: CallCarrier;
  readonly #options: ConnectTransportOptions;
  readonly #definitions = new WeakMap<DescMethod, MethodDefinition>();

  constructor(carrier: CallCarrier, options: ConnectTransportOptions) {
    this.#carrier = carrier;
    this.#options = options;
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInput,
    message: MessageInitShape<I>,
    contextValues?: ContextValues,
  ): Promise<UnaryResponse<I, O>> {
    const time = this.#timeOf(timeoutMs);
    const deadline = deadlineOf(time);
    return runUnaryCall<I, O>({
      ...this.#callOptions(signal, time),
      req: { stream: false, ...requestOf(method, header, contextValues), method, message },
      next: (request) => this.#callUnary<I, O>(request, deadline),
    });
  }

  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInput,
    message: AsyncIterable<MessageInitShape<I>>,
    contextValues?: ContextValues,
  ): Promise<StreamResponse<I, O>> {
    if (!isAsyncIterable(message)) {
      const why = `the request of ${method.name} must be an async iterable, not ${showValue(message)}`;
      return handled(Promise.reject(new ConnectError(why, Code.InvalidArgument)));
    }
    const time = this.#timeOf(timeoutMs);
    const deadline = deadlineOf(time);
    const call = (request: StreamRequest) =>
      this.#callStream<I, O>(request as StreamRequest<I, O>, deadline);
    // Connect wraps the messages of `next` in `Promise.race` with a promise of the whole call, which keeps
    // each message until the call ends. It does not wrap those of an interceptor.
    const innermost = (() => call) as unknown as Interceptor;
    const { interceptors = [], ...options } = this.#callOptions(signal, time);
    const response = runStreamingCall<I, O>({
      ...options,
      interceptors: [...interceptors, innermost],
      req: {
        stream: true,
        ...requestOf(method, header, contextValues),
        method,
        message: requestMessages(message),
      },
      next: call,
    });
    return handled(response);
  }

  async #callUnary<I extends DescMessage, O extends DescMessage>(
    request: UnaryRequest<I, O>,
    deadline: number,
  ): Promise<UnaryResponse<I, O>> {
    const { service, method } = request;
    const call = this.#begin<I, O>(request, deadline);
    call.sendOnly(request.message);
    const message = await onlyMessageOf(call);
    const { trailer } = call;
    return { stream: false, service, method, header: await call.header, message, trailer };
  }

  async #callStream<I extends DescMessage, O extends DescMessage>(
    request: StreamRequest<I, O>,
    deadline: number,
  ): Promise<StreamResponse<I, O>> {
    const { service, method } = request;
    const call = this.#begin<I, O>(request, deadline);
    void call.sendAll(request.message);
    const { messages, trailer } = call;
    return { stream: true, service, method, header: await call.header, message: messages, trailer };
  }

  #begin<I extends DescMessage, O extends DescMessage>(
    { method, header, signal }: UnaryRequest<I, O> | StreamRequest<I, O>,
    deadline: number,
  ): ConnectCall<MessageShape<I>, MessageShape<O>> {
    if (signal.aborted) throw ConnectError.from(signal.reason, Code.Canceled);
    const metadata = toMetadata(header);
    const definition = this.#definitionOf(method);
    const methodCall = createMethodCall(this.#carrier, definition, deadline);
    const { responseStream } = definition;
    const call = new ConnectCall<MessageShape<I>, MessageShape<O>>(
      methodCall,
      signal,
      responseStream,
    );
    call.start(metadata);
    return call;
  }

  #callOptions(signal: AbortSignal | undefined, timeoutMs: number | undefined) {
    const { interceptors } = this.#options;
    return {
      ...(signal && { signal }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(interceptors && { interceptors }),
    };
  }

  /** As in all transports of Connect, 0 and less stand for no timeout; so does Infinity. */
  #timeOf(timeoutMs = this.#options.defaultTimeoutMs): number | undefined {
    if (timeoutMs === undefined || !(timeoutMs > 0) || timeoutMs === Infinity) return undefined;
    // Timers cannot be longer, and a deadline far in the future is no date.
    return Math.min(timeoutMs, MAX_TIMEOUT_MS);
  }

  #definitionOf(method: DescMethod): MethodDefinition {
    let definition = this.#definitions.get(method);
    if (definition === undefined) {
      definition = toDefinition(method, this.#options);
      this.#definitions.set(method, definition);
    }
    return definition;
  }
}

function requestOf(
  method: DescMethod,
  header: HeadersInput,
  contextValues: ContextValues | undefined,
) {
  return {
    service: method.parent,
    requestMethod: 'POST',
    url: createMethodUrl(BASE_URL, method),
    header: new Headers(header),
    contextValues: contextValues ?? createContextValues(),
  };
}

function deadlineOf(timeoutMs: number | undefined): number {
  return timeoutMs === undefined ? Infinity : Date.now() + timeoutMs;
}

function toDefinition(
  method: DescMethod,
  { binaryOptions }: ConnectTransportOptions,
): MethodDefinition {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream:
      method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream:
      method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    requestSerialize: (message: Message) => {
      const { buffer, byteOffset, byteLength } = toBinary(method.input, message, binaryOptions);
      return Buffer.from(buffer, byteOffset, byteLength);
    },
    responseDeserialize: ({ buffer, byteOffset, byteLength }: Buffer) =>
      // Fields of bytes are views of this array: their `slice()` is to copy, unlike that of a Buffer.
      fromBinary(method.output, new Uint8Array(buffer, byteOffset, byteLength), binaryOptions),
  };
}

/** @throws ConnectError (as a rejection) `unimplemented` unless the response is exactly one message. */
async function onlyMessageOf<T>({ messages }: ConnectCall<never, T>): Promise<T> {
  const first = await messages.next();
  if (first.done) {
    throw new ConnectError('the response of a unary method has no message', Code.Unimplemented);
  }
  await messages.next(); // Rejects if there is another message.
  return first.value;
}

function isAsyncIterable(value: unknown): boolean {
  return (
    typeof (value as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] === 'function'
  );
}

/**
 * Returns `response`, whose rejection does not count as unhandled: clients of Connect await the response of
 * a stream at the first read only, and the call may fail before.
 */
function handled<T>(response: Promise<T>): Promise<T> {
  response.catch(() => {});
  return response;
}
