import { Metadata, type Client, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import { isObservable, Observable, type Subscriber } from 'rxjs';
import type { Failure } from './handler-failures.js';
import {
  isAsyncIterable,
  MessageWriter,
  type MessageSink,
  type MessageSource,
} from './message-writer.js';
import type { WaitingMemory } from './waiting-memory.js';

/** A method of Nest's stubs. */
export type StubMethod = (...args: unknown[]) => Observable<unknown>;

type Definition = MethodDefinition<unknown, unknown>;
type Callback = (error: ServiceError | null, response?: unknown) => void;

/** A client call of grpc-js, of any kind. */
interface ClientCall extends MessageSink {
  cancel(): void;
  end(): void;
  on(event: string, listener: (value: never) => void): unknown;
}

/**
 * A method of Nest's stubs: returns an observable that makes a call for each subscriber, and cancels the
 * call when the subscriber unsubscribes. A request stream is an observable, or an iterable or async
 * iterable (a generator, a Node stream), which is read with backpressure. If the request stream fails or
 * gives a value that is no message, the call is cancelled and fails.
 *
 * @param client - a bare client: on a client with service methods, these may hide its own methods.
 */
export function stubMethod(
  client: Client,
  definition: Definition,
  memory: WaitingMemory,
): StubMethod {
  const call = callMethod(client, definition);
  return (...args) =>
    new Observable((observer) => {
      const [first, ...rest] = args;
      const requests = definition.requestStream && isSource(first) ? first : undefined;
      const made = new StubCall(observer);
      const callArgs = requests ? withMetadata(rest) : args;
      const callback = definition.responseStream ? [] : [made.callback];
      made.begin(call(...callArgs, ...callback), definition);
      if (requests) made.write(requests, definition, memory);
      return () => made.leave();
    });
}

/** The arguments after the requests. Nest's own stub does not pass the options. */
function withMetadata([metadata, options]: unknown[]): unknown[] {
  return [metadata ?? new Metadata(), options].filter((argument) => argument !== undefined);
}

/**
 * A method of a grpc-js stub: calls the method of the client for its kind of call.
 *
 * @param client - a bare client: on a client with service methods, these may hide its own methods.
 */
export function callMethod(
  client: Client,
  { path, requestSerialize, responseDeserialize, requestStream, responseStream }: Definition,
): (...args: unknown[]) => ClientCall {
  const forOneResponse = requestStream ? 'makeClientStreamRequest' : 'makeUnaryRequest';
  const forMany = requestStream ? 'makeBidiStreamRequest' : 'makeServerStreamRequest';
  const name = responseStream ? forMany : forOneResponse;
  // Looked up for each call: instrumentation may wrap these methods later.
  const methods = client as unknown as Record<typeof name, (...args: unknown[]) => ClientCall>;
  return (...args) => methods[name](path, requestSerialize, responseDeserialize, ...args);
}

/** One call, and the subscriber to its responses. */
class StubCall {
  readonly #observer: Subscriber<unknown>;
  #call!: ClientCall;
  #writer: MessageWriter | undefined;
  #isOver = false;

  constructor(observer: Subscriber<unknown>) {
    this.#observer = observer;
  }

  /** Receives the response of a method that has one response. */
  readonly callback: Callback = (error, response) => {
    if (error) return this.#fail(error);
    this.#observer.next(response);
    this.#complete();
  };

  begin(call: ClientCall, { responseStream }: Definition): void {
    this.#call = call;
    if (!responseStream) return;
    call.on('data', (response) => this.#observer.next(response));
    call.on('error', (error) => this.#fail(error));
    call.on('end', () => this.#complete());
  }

  write(requests: MessageSource, definition: Definition, memory: WaitingMemory): void {
    this.#writer = new MessageWriter(this.#call, {
      owner: `the caller of ${definition.path.split('/').pop()}`,
      memory,
      sizeOf: (message) => definition.requestSerialize(message).length,
      onComplete: () => this.#call.end(),
      onError: (error) => this.#abandon(error),
      onFailure: (failure) => this.#abandon(toServiceError(failure)),
    });
    this.#writer.start(requests);
    if (this.#isOver) this.#writer.stop();
  }

  /** Cancels the call if the subscriber unsubscribes before the call is over. */
  leave(): void {
    this.#writer?.stop();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#call.cancel();
  }

  /** Reports `error` in place of the error that the call emits later because of `cancel`. */
  #abandon(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#call.cancel();
    this.#observer.error(error);
  }

  #complete(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#observer.complete();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#observer.error(error);
  }
}

function isSource(value: unknown): value is MessageSource {
  return isObservable(value) || isAsyncIterable(value) || isIterable(value);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof (value as Iterable<unknown> | null | undefined)?.[Symbol.iterator] === 'function';
}

function toServiceError({ code, details }: Failure): ServiceError {
  const error = new Error(`${code}: ${details}`);
  return Object.assign(error, { code, details, metadata: new Metadata() });
}
