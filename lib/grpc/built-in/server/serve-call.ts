import {
  type Metadata,
  type sendUnaryData,
  type ServerMethodDefinition,
  status,
} from '@grpc/grpc-js';
import { markAnswered } from '../../answered-calls.js';
import type { ServerCallInterface, ServerCallListener } from '../../grpc-types.js';
import { debugDetails } from '../debug-details.js';
import { toServerStatus } from './server-status.js';
import type { Method } from './service-table.js';
import { DuplexCall, UnaryCall, WritableCall } from './server-stream-calls.js';

type Handle = (call: unknown, callback: sendUnaryData<unknown>) => void;

/** Calls the handler of `method`, as grpc-js does. */
export function serveCall(call: ServerCallInterface, { definition, handle }: Method): void {
  if (handle === undefined) return serveUnimplemented(call, definition);
  const invoke = handle as unknown as Handle;
  if (definition.requestStream) call.start(new StreamServing(call, definition.path, invoke));
  else call.start(new SingleRequestServing(call, definition, invoke));
}

function serveUnimplemented(
  call: ServerCallInterface,
  { path }: ServerMethodDefinition<unknown, unknown>,
): void {
  call.start({
    onReceiveMetadata: () =>
      call.sendStatus({
        code: status.UNIMPLEMENTED,
        details: `The server does not implement the method ${path.split('/').pop()}`,
      }),
    onReceiveMessage: () => {},
    onReceiveHalfClose: () => {},
    onCancel: () => {},
  });
}

/** Serves a method with one request. Calls the handler after the half-close of the client. */
class SingleRequestServing implements ServerCallListener {
  readonly #call: ServerCallInterface;
  readonly #definition: ServerMethodDefinition<unknown, unknown>;
  readonly #invoke: Handle;
  #metadata!: Metadata;
  #request: unknown;
  #surface: UnaryCall | WritableCall | undefined;

  constructor(
    call: ServerCallInterface,
    definition: ServerMethodDefinition<unknown, unknown>,
    invoke: Handle,
  ) {
    this.#call = call;
    this.#definition = definition;
    this.#invoke = invoke;
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#metadata = metadata;
    this.#call.startRead();
  }

  onReceiveMessage(message: unknown): void {
    if (this.#request) {
      this.#refuse('Received a second request message');
    } else {
      this.#request = message;
      this.#call.startRead();
    }
  }

  onReceiveHalfClose(): void {
    if (!this.#request) return this.#refuse('Received no request message');
    const Surface = this.#definition.responseStream ? WritableCall : UnaryCall;
    const surface = new Surface(this.#call, this.#definition.path, this.#metadata, this.#request);
    this.#surface = surface;
    invokeHandler(this.#call, this.#invoke, surface);
  }

  onCancel(): void {
    const surface = this.#surface;
    if (surface === undefined) return;
    surface.cancelled = true;
    surface.emit('cancelled', 'cancelled');
    if (surface instanceof WritableCall) surface.destroy();
  }

  #refuse(why: string): void {
    this.#call.sendStatus({
      code: status.UNIMPLEMENTED,
      details: `${why} for server streaming method ${this.#definition.path}`,
    });
  }
}

/** Serves a method with a request stream. Calls the handler before the first request. */
class StreamServing implements ServerCallListener {
  readonly #call: ServerCallInterface;
  readonly #path: string;
  readonly #invoke: Handle;
  #surface: DuplexCall | undefined;

  constructor(call: ServerCallInterface, path: string, invoke: Handle) {
    this.#call = call;
    this.#path = path;
    this.#invoke = invoke;
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#surface = new DuplexCall(this.#call, this.#path, metadata);
    invokeHandler(this.#call, this.#invoke, this.#surface);
  }

  onReceiveMessage(message: unknown): void {
    this.#surface!.push(message);
  }

  onReceiveHalfClose(): void {
    this.#surface!.push(null);
  }

  onCancel(): void {
    const surface = this.#surface;
    if (surface === undefined) return;
    surface.cancelled = true;
    surface.emit('cancelled', 'cancelled');
    surface.destroy();
  }
}

function invokeHandler(call: ServerCallInterface, handle: Handle, surface: object): void {
  try {
    handle(surface, (failure, value, trailers) => {
      markAnswered(surface);
      if (failure) {
        call.sendStatus(toServerStatus(failure, trailers));
        return;
      }
      call.sendMessage(value, () =>
        call.sendStatus({ code: status.OK, details: 'OK', metadata: trailers ?? null }),
      );
    });
  } catch (error) {
    markAnswered(surface);
    call.sendStatus({
      code: status.UNKNOWN,
      details: debugDetails('Unknown error', error),
    });
  }
}
