import {
  type ChannelInterface,
  type CallOptions,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { isError } from '../options/index.js';
import type { Call, CallListener, CallStatus } from './grpc-types.js';
import { isMeasuring } from './measured-calls.js';

/** Path and codecs of a unary method. Methods of grpc-js stubs have these properties. */
export interface UnaryMethod {
  readonly path: string;
  requestSerialize(value: unknown): Buffer;
  responseDeserialize(bytes: Buffer): unknown;
}

/** Called once, with the error or with the response. */
export type UnaryCallback = (error: ServiceError | null, response?: unknown) => void;

/**
 * Makes a unary call directly on a channel. The caller sees the behaviour of a grpc-js stub, but no
 * interceptors run, no events are emitted, and no stack trace is taken in advance: the stack of an error is
 * that of its arrival.
 *
 * @returns a function that cancels the call; it does nothing after the end of the call.
 */
export function makeUnaryCall(
  channel: ChannelInterface,
  method: UnaryMethod,
  request: unknown,
  metadata: Metadata,
  options: CallOptions,
  callback: UnaryCallback,
): () => void {
  const call = channel.createCall(
    method.path,
    options.deadline ?? Infinity,
    options.host,
    options.parent ?? null,
    options.propagate_flags,
  );
  if (options.credentials) call.setCredentials(options.credentials);
  call.start(metadata, new UnaryListener(call, method, callback));
  call.startRead();
  try {
    call.sendMessageWithContext({}, method.requestSerialize(request));
    call.halfClose();
  } catch (error) {
    call.cancelWithStatus(
      status.INTERNAL,
      `Request message serialization failure: ${messageOf(error)}`,
    );
  }
  return () => call.cancelWithStatus(status.CANCELLED, 'Cancelled on client');
}

class UnaryListener implements CallListener {
  /** Lets the built-in engine skip `onReceiveMetadata`, which does nothing here. */
  readonly ignoresMetadata = true;
  readonly #call: Call;
  readonly #method: UnaryMethod;
  readonly #callback: UnaryCallback;
  #hasResponse = false;
  #response: unknown;
  #unreadable: CallStatus | undefined;

  constructor(call: Call, method: UnaryMethod, callback: UnaryCallback) {
    this.#call = call;
    this.#method = method;
    this.#callback = callback;
  }

  onReceiveMetadata(): void {}

  onReceiveMessage(message: Buffer): void {
    if (this.#hasResponse) {
      return this.#fail(status.UNIMPLEMENTED, 'Too many responses received');
    }
    this.#hasResponse = true;
    try {
      this.#response = this.#method.responseDeserialize(message);
    } catch (error) {
      return this.#fail(status.INTERNAL, `Response message parsing error: ${messageOf(error)}`);
    }
    if (isMeasuring(this.#call)) this.#call.onDecoded(this.#response, message.length);
    this.#call.startRead();
  }

  onReceiveStatus(received: CallStatus): void {
    const end = this.#unreadable ?? received;
    if (end.code !== status.OK) {
      this.#callback(toServiceError(end));
    } else if (this.#hasResponse) {
      this.#callback(null, this.#response);
    } else {
      const { metadata } = end;
      const code = status.UNIMPLEMENTED;
      this.#callback(toServiceError({ code, details: 'No message received', metadata }));
    }
  }

  #fail(code: status, details: string): void {
    this.#unreadable = { code, details, metadata: new Metadata() };
    this.#call.cancelWithStatus(code, details);
  }
}

function toServiceError({ code, details, metadata }: CallStatus): ServiceError {
  const error = new Error(`${code} ${status[code]}: ${details}`);
  return Object.assign(error, { code, details, metadata });
}

function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}
