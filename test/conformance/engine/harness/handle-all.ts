import type { Metadata, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import type { Handlers, Message } from './test-service.js';
import type { Emitter } from './watch.js';

/** A call as handlers of every kind get it. */
export type AnyCall = Emitter &
  Pick<
    ServerUnaryCall<Message, Message>,
    | 'cancelled'
    | 'metadata'
    | 'getAuthContext'
    | 'getDeadline'
    | 'getHost'
    | 'getPath'
    | 'getPeer'
    | 'sendMetadata'
  >;

/** What grpc-js lets a handler fail with. */
export type HandlerError = NonNullable<Parameters<sendUnaryData<Message>>[0]>;

/** Ends a call in the way of its kind. */
export interface Ending {
  reply(value: Message, trailer?: Metadata): void;
  fail(error: HandlerError, trailer?: Metadata): void;
}

type Act = (call: AnyCall, ending: Ending) => void;

/** The same handler for every kind; where requests are streamed, called at once, before they come. */
export function handleAll(act: Act): Handlers {
  return {
    unary: (call, callback) => act(call, byCallback(callback)),
    clientStream: (call, callback) => {
      call.resume();
      act(call, byCallback(callback));
    },
    serverStream: (call) => act(call, byStream(call)),
    bidi: (call) => {
      call.resume();
      act(call, byStream(call));
    },
  };
}

/** As `handleAll`, but called when all requests are in. */
export function handleAllAtEnd(act: Act): Handlers {
  const handlers = handleAll(act);
  return {
    ...handlers,
    clientStream: (call, callback) => {
      call.resume();
      call.once('end', () => act(call, byCallback(callback)));
    },
    bidi: (call) => {
      call.resume();
      call.once('end', () => act(call, byStream(call)));
    },
  };
}

function byCallback(callback: Parameters<Handlers['unary']>[1]): Ending {
  return {
    reply: (value, trailer) => callback(null, value, trailer),
    fail: (error, trailer) => callback(error, null, trailer),
  };
}

function byStream(call: Parameters<Handlers['serverStream' | 'bidi']>[0]): Ending {
  return {
    reply: (value, trailer) => {
      call.write(value);
      call.end(trailer);
    },
    fail: (error) => call.emit('error', error),
  };
}
