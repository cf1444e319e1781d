import { Metadata, ServerInterceptingCall, status, type ServerInterceptor } from '@grpc/grpc-js';
import type { ServerCallListener, ServerStatus } from '../grpc-types.js';
import type { PeerCalls } from './peer-calls.js';

/** Status of a call beyond the limit; grpc-js uses this code if node:http2 refuses a stream. */
const NO_ROOM = {
  code: status.UNAVAILABLE,
  details: 'The calls of this peer need more than "grpc.max_concurrent_streams"',
};

/** Creates an interceptor that ends calls beyond the limit. After `calls.close()` no handler begins. */
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
