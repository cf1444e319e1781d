import { Metadata, ServerInterceptingCall, status, type ServerInterceptor } from '@grpc/grpc-js';
import type { ServerCallListener, ServerStatus } from '../grpc-types.js';
import type { PeerCalls } from './peer-calls.js';

/** What grpc-js itself says of a call that node:http2 refuses for want of room. */
const NO_ROOM = {
  code: status.UNAVAILABLE,
  details: 'The calls of this peer need more than "grpc.max_concurrent_streams"',
};

/** Keeps calls from their handlers for which the peer has no room, or no right any more. */
export function countCalls(calls: PeerCalls): ServerInterceptor {
  class CountedCall extends ServerInterceptingCall {
    #state: 'new' | 'open' | 'over' = 'new';

    override start(listener: ServerCallListener): void {
      if (!calls.isOpen) return;
      if (!calls.begin()) return this.sendStatus({ ...NO_ROOM, metadata: new Metadata() });
      this.#state = 'open';
      super.start({
        onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
        onReceiveMessage: (message) => listener.onReceiveMessage(message),
        onReceiveHalfClose: () => {
          if (calls.isOpen) listener.onReceiveHalfClose();
        },
        onCancel: () => {
          this.#end();
          listener.onCancel();
        },
      });
    }

    override sendStatus(last: ServerStatus): void {
      this.#end();
      super.sendStatus(last);
    }

    #end(): void {
      if (this.#state === 'open') calls.end();
      this.#state = 'over';
    }
  }
  return (_method, call) => new CountedCall(call);
}
