import { status } from '@grpc/grpc-js';
import type { Call, CallListener, CallStatus } from '../grpc-types.js';
import { ContextChannel } from './context-channel.js';

/** Error text of Node for a request on a closed or closing HTTP/2 session. */
const UNSENT =
  /internal client error: (The session has been destroyed|New streams cannot be created after receiving a GOAWAY)$/;

/**
 * The grpc-js channel of this package. Calls fail with UNAVAILABLE if the connection was lost before they
 * were sent.
 *
 * Since Node 24 a request on a lost session fails later instead of throwing. grpc-js (1.14) retries such a
 * call only if the request throws. Otherwise it ends the call with INTERNAL, which does not suggest a retry
 * to the caller.
 */
export class GrpcJsChannel extends ContextChannel {
  override createCall(...parameters: Parameters<ContextChannel['createCall']>): Call {
    const call = super.createCall(...parameters);
    const start = call.start.bind(call);
    call.start = (metadata, listener) => start(metadata, new UnsentListener(listener));
    return call;
  }
}

class UnsentListener implements CallListener {
  readonly #listener: CallListener;

  constructor(listener: CallListener) {
    this.#listener = listener;
  }

  onReceiveMetadata(...received: Parameters<CallListener['onReceiveMetadata']>): void {
    this.#listener.onReceiveMetadata(...received);
  }

  onReceiveMessage(...received: Parameters<CallListener['onReceiveMessage']>): void {
    this.#listener.onReceiveMessage(...received);
  }

  onReceiveStatus(ended: CallStatus): void {
    const isUnsent = ended.code === status.INTERNAL && UNSENT.test(ended.details);
    this.#listener.onReceiveStatus(
      isUnsent ? { ...ended, code: status.UNAVAILABLE, details: 'Connection dropped' } : ended,
    );
  }
}
