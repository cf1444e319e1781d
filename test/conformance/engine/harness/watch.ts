import type {
  CallOptions,
  ClientDuplexStream,
  ClientReadableStream,
  ClientUnaryCall,
  ClientWritableStream,
  Metadata,
  ServiceError,
  StatusObject,
} from '@grpc/grpc-js';
import { Metadata as GrpcMetadata } from '@grpc/grpc-js';
import { Journal } from './journal.js';
import { plainMetadata, plainStatus } from './plain.js';
import type { Message, TestStub } from './test-service.js';

/** Whatever has events. */
export interface Emitter {
  on(name: string, listener: (...details: Message[]) => void): unknown;
}

interface CallInput {
  metadata?: Metadata;
  options?: CallOptions;
  /** Whether messages are taken as they come; default true. */
  reading?: boolean;
}

/** A call under way, and what its caller saw of it. */
export interface Watched<Call> {
  readonly call: Call;
  readonly journal: Journal;
}

/** Makes a unary call; it is through when its journal has `status`. */
export function callUnary(
  stub: TestStub,
  request: Message,
  input: CallInput = {},
): Watched<ClientUnaryCall> {
  const journal = new Journal();
  const { metadata, options } = filled(input);
  const call = stub.unary(request, metadata, options, intoJournal(journal));
  return { call: watchCall(call, journal), journal };
}

export function callClientStream(
  stub: TestStub,
  input: CallInput = {},
): Watched<ClientWritableStream<Message>> {
  const journal = new Journal();
  const { metadata, options } = filled(input);
  const call = stub.clientStream(metadata, options, intoJournal(journal));
  return { call: watchEvents(watchCall(call, journal), journal, WRITABLE_EVENTS), journal };
}

export function callServerStream(
  stub: TestStub,
  request: Message,
  input: CallInput = {},
): Watched<ClientReadableStream<Message>> {
  const journal = new Journal();
  const { metadata, options, reading } = filled(input);
  const call = stub.serverStream(request, metadata, options);
  if (reading) call.on('data', (message) => journal.note('data', message));
  return { call: watchEvents(watchCall(call, journal), journal, READABLE_EVENTS), journal };
}

export function callBidi(
  stub: TestStub,
  input: CallInput = {},
): Watched<ClientDuplexStream<Message, Message>> {
  const journal = new Journal();
  const { metadata, options, reading } = filled(input);
  const call = stub.bidi(metadata, options);
  if (reading) call.on('data', (message) => journal.note('data', message));
  return {
    call: watchEvents(watchCall(call, journal), journal, [...READABLE_EVENTS, 'finish']),
    journal,
  };
}

const READABLE_EVENTS = ['end', 'error', 'close'];
const WRITABLE_EVENTS = ['finish', 'error', 'close'];
const SERVER_EVENTS = ['end', 'finish', 'error', 'close', 'drain'];

/** What a handler sees happen to its call. Its messages count only if it asks for them. */
export function watchHandler<Call extends Emitter>(
  call: Call,
  journal: Journal,
  { reading = false } = {},
): Call {
  call.on('cancelled', (reason) => journal.note('cancelled', reason));
  if (reading) call.on('data', (message) => journal.note('data', message));
  return watchEvents(call, journal, SERVER_EVENTS);
}

function watchCall<Call extends Emitter>(call: Call, journal: Journal): Call {
  call.on('metadata', (metadata: Metadata) => journal.note('metadata', plainMetadata(metadata)));
  call.on('status', (status: StatusObject) => journal.note('status', plainStatus(status)));
  return call;
}

function watchEvents<Call extends Emitter>(
  call: Call,
  journal: Journal,
  names: readonly string[],
): Call {
  for (const name of names) call.on(name, (...details) => journal.note(name, ...details));
  return call;
}

function intoJournal(journal: Journal): (error: ServiceError | null, value?: Message) => void {
  return (error, value) => journal.note('callback', error ?? value);
}

function filled({ metadata, options, reading }: CallInput): Required<CallInput> {
  return {
    metadata: metadata ?? new GrpcMetadata(),
    options: options ?? {},
    reading: reading ?? true,
  };
}
