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

/** A call of grpc-js, of any kind. */
interface ClientCall extends MessageSink {
  cancel(): void;
  end(): void;
  on(event: string, listener: (value: never) => void): unknown;
}

/**
 * A method as Nest's stubs have them: an observable that makes a call for each subscriber, and cancels it
 * when that unsubscribes. Requests of a stream may come as an observable, or as an iterable or async
 * iterable (a generator, a stream of Node), which is asked for no more than the call takes. The call is
 * cancelled, and fails, when they fail, or are no messages.
 *
 * @param client - a bare one: its own methods are called, which those of a service may hide.
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

/** What follows the requests; Nest's own stub leaves out the options. */
function withMetadata([metadata, options]: unknown[]): unknown[] {
  return [metadata ?? new Metadata(), options].filter((argument) => argument !== undefined);
}

/**
 * A method of a stub of grpc-js: calls the client's function for its kind.
 *
 * @param client - a bare one: its own methods are called, which those of a service may hide.
 */
export function callMethod(
  client: Client,
  { path, requestSerialize, responseDeserialize, requestStream, responseStream }: Definition,
): (...args: unknown[]) => ClientCall {
  const forOneResponse = requestStream ? client.makeClientStreamRequest : client.makeUnaryRequest;
  const forMany = requestStream ? client.makeBidiStreamRequest : client.makeServerStreamRequest;
  const make = (responseStream ? forMany : forOneResponse) as unknown as (
    ...args: unknown[]
  ) => ClientCall;
  return (...args) => make.call(client, path, requestSerialize, responseDeserialize, ...args);
}

/** One call, and who subscribed to its responses. */
class StubCall {
  readonly #observer: Subscriber<unknown>;
  #call!: ClientCall;
  #writer: MessageWriter | undefined;
  #isOver = false;

  constructor(observer: Subscriber<unknown>) {
    this.#observer = observer;
  }

  /** Told of the one response, where there is one. */
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

  /** Nobody wants its responses any more. */
  leave(): void {
    this.#writer?.stop();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#call.cancel();
  }

  /** `cancel` has the call tell another error, later. */
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
