import type { ChannelInterface } from '@grpc/grpc-js';
import { BorrowedChannel } from './borrowed-channel.js';
import {
  withoutCallerStack,
  type CallProperties,
  type CallTransformer,
} from './without-caller-stack.js';
import type { Call } from './grpc-types.js';
import { TAKES_CALLER_STACKS } from './takes-caller-stacks.js';

/** Stub with messages that its user has not read. Response streams of grpc-js read up to 16 ahead. */
export interface ReadAhead {
  readonly readableLength: number;
}

/** A call whose received messages count towards the memory of its connection. */
export interface MeasuringCall extends Call {
  /** Counts messages that wait in `stub`, too. To be called before the first read. */
  countReadAhead(stub: ReadAhead): void;
  /** Reports that the last message, of `length` bytes, was decoded to `decoded`. */
  onDecoded(decoded: unknown, length: number): void;
}

/** Whether `call` counts its received messages, as calls of the built-in engine do. */
export function isMeasuring(call: Call): call is MeasuringCall {
  return 'onDecoded' in call;
}

/**
 * Creates an option `callInvocationTransformer` for grpc-js clients. The transformer tells each call two
 * facts that only the stub has: the decoded responses, and the number of responses that wait in the stub. It
 * also keeps the stub from taking a stack trace for each call, see `withoutCallerStack`.
 *
 * @param next - transformer of the user; runs first.
 */
export function measuringTransformer(next?: CallTransformer): CallTransformer {
  return (given) => {
    const properties = next === undefined ? given : copyOf(next(given));
    if (properties.channel instanceof MeasuredChannel) return properties;
    measure(properties);
    // A transformer may replace the emitter of the stub by one of its own.
    const isOfStub = properties.call === given.call;
    return isOfStub && !TAKES_CALLER_STACKS ? withoutCallerStack(properties) : properties;
  };
}

/** Copies the result of a user's transformer: calls may share it, unlike properties from grpc-js. */
function copyOf(properties: CallProperties): CallProperties {
  return { ...properties, methodDefinition: { ...properties.methodDefinition } };
}

function measure(properties: CallProperties): void {
  const { methodDefinition, call } = properties;
  const { responseDeserialize, responseStream } = methodDefinition;
  const stub = responseStream ? (call as unknown as ReadAhead) : undefined;
  const channel = new MeasuredChannel(properties.channel, stub);
  properties.channel = channel;
  methodDefinition.responseDeserialize = (bytes: Buffer): unknown => {
    const decoded: unknown = responseDeserialize(bytes);
    channel.onDecoded(decoded, bytes.length);
    return decoded;
  };
}

/** Channel of a single call of a stub. */
class MeasuredChannel extends BorrowedChannel {
  readonly #stub: ReadAhead | undefined;
  #call: MeasuringCall | undefined;

  constructor(channel: ChannelInterface, stub: ReadAhead | undefined) {
    super(channel);
    this.#stub = stub;
  }

  /** Creates the call. An interceptor may create several; only the last one is measured. */
  override createCall(...args: Parameters<ChannelInterface['createCall']>): Call {
    const call = super.createCall(...args);
    this.#call = isMeasuring(call) ? call : undefined;
    if (this.#stub !== undefined) this.#call?.countReadAhead(this.#stub);
    return call;
  }

  onDecoded(decoded: unknown, length: number): void {
    this.#call?.onDecoded(decoded, length);
  }
}
