import type { ChannelInterface, ClientOptions } from '@grpc/grpc-js';
import { BorrowedChannel } from './borrowed-channel.js';
import type { Call } from './grpc-types.js';

/** What the options of a grpc-js client call for each call, before it is made. */
export type CallTransformer = NonNullable<ClientOptions['callInvocationTransformer']>;

type CallProperties = Parameters<CallTransformer>[0];

/** Messages that wait in a stub for its user; grpc-js' stubs of response streams read up to 16 ahead. */
export interface ReadAhead {
  readonly readableLength: number;
}

/** A call that counts what it has received against the memory of its connection. */
export interface MeasuringCall extends Call {
  /** Messages that wait in `stub` still count. Before the first is read. */
  countReadAhead(stub: ReadAhead): void;
  /** The message that was told last, `length` bytes long, has become `decoded`. */
  onDecoded(decoded: unknown, length: number): void;
}

/** Whether a call counts what it receives; those of the built-in engine do. */
export function isMeasuring(call: Call): call is MeasuringCall {
  return 'onDecoded' in call;
}

/**
 * The option `callInvocationTransformer` of grpc-js clients by which calls learn what only the stub
 * knows: what a response becomes when it is decoded, and how many wait in the stub.
 *
 * @param next - transformer of the user's; runs first.
 */
export function measuringTransformer(next?: CallTransformer): CallTransformer {
  return (given) => {
    const properties = next === undefined ? given : copyOf(next(given));
    if (!(properties.channel instanceof MeasuredChannel)) measure(properties);
    return properties;
  };
}

/** What a transformer of the user's gives may be shared by calls; what grpc-js gives is made for one. */
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

/** The channel as one call of a stub sees it. */
class MeasuredChannel extends BorrowedChannel {
  readonly #stub: ReadAhead | undefined;
  #call: MeasuringCall | undefined;

  constructor(channel: ChannelInterface, stub: ReadAhead | undefined) {
    super(channel);
    this.#stub = stub;
  }

  /** An interceptor may make the call more than once; the last one counts. */
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
