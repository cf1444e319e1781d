import type {
  CallOptions,
  Client,
  ClientDuplexStream,
  ClientReadableStream,
  ClientUnaryCall,
  ClientWritableStream,
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  MethodDefinition,
  ServiceError,
} from '@grpc/grpc-js';

export type Kind = 'unary' | 'clientStream' | 'serverStream' | 'bidi';

/** Messages are whatever a scenario likes; its codec knows. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Message = any;

/** How the messages of a scenario become bytes, on both sides. */
export interface Codec {
  serialize(value: Message): Buffer;
  deserialize(bytes: Buffer): Message;
}

/** Any JSON value; fails where JSON does. */
export const json: Codec = {
  serialize: (value) => Buffer.from(JSON.stringify(value)),
  deserialize: (bytes) => JSON.parse(bytes.toString()),
};

/** The bytes themselves. */
export const bytes: Codec = { serialize: (value) => value, deserialize: (value) => value };

export type Method = MethodDefinition<Message, Message>;

/** One method of each kind, under fixed paths. */
export type TestService = Record<Kind, Method>;

export interface Handlers {
  unary: handleUnaryCall<Message, Message>;
  clientStream: handleClientStreamingCall<Message, Message>;
  serverStream: handleServerStreamingCall<Message, Message>;
  bidi: handleBidiStreamingCall<Message, Message>;
}

type Callback = (error: ServiceError | null, value?: Message) => void;

/** The stub of a `TestService`. */
export interface TestStub extends Client {
  unary(
    request: Message,
    metadata: Metadata,
    options: CallOptions,
    callback: Callback,
  ): ClientUnaryCall;
  clientStream(
    metadata: Metadata,
    options: CallOptions,
    callback: Callback,
  ): ClientWritableStream<Message>;
  serverStream(
    request: Message,
    metadata: Metadata,
    options: CallOptions,
  ): ClientReadableStream<Message>;
  bidi(metadata: Metadata, options: CallOptions): ClientDuplexStream<Message, Message>;
}

export function pathOf(kind: Kind): string {
  return `/conformance.Test/${kind}`;
}

/** A method as one side sees it; the other side may see it otherwise. */
export function methodOf(path: string, kind: Kind, codec: Codec): Method {
  return {
    path,
    requestStream: kind === 'clientStream' || kind === 'bidi',
    responseStream: kind === 'serverStream' || kind === 'bidi',
    requestSerialize: codec.serialize,
    requestDeserialize: codec.deserialize,
    responseSerialize: codec.serialize,
    responseDeserialize: codec.deserialize,
  };
}

/** The service whose messages are of `codec`. */
export function testService(codec: Codec): TestService {
  return {
    unary: methodOf(pathOf('unary'), 'unary', codec),
    clientStream: methodOf(pathOf('clientStream'), 'clientStream', codec),
    serverStream: methodOf(pathOf('serverStream'), 'serverStream', codec),
    bidi: methodOf(pathOf('bidi'), 'bidi', codec),
  };
}

export const KINDS: readonly Kind[] = ['unary', 'clientStream', 'serverStream', 'bidi'];
