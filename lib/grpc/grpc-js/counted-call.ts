import { Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import type { ServerCallListener, ServerStatus } from '../grpc-types.js';
import type { PeerCalls } from './peer-calls.js';

/** Creates an interceptor that ends calls that `calls` does not admit. After `calls.close()` no handler begins. */
export function countCalls(calls: PeerCalls): ServerInterceptor {
  class CountedCall extends ServerInterceptingCall {
    #state: 'new' | 'open' | 'over' = 'new';

    override start(listener: ServerCallListener): void {
      if (!calls.isOpen) return;
      const problem = calls.begin();
      if (problem) return this.sendStatus({ ...problem, metadata: new Metadata() });
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
