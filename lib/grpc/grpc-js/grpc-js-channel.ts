import { status } from '@grpc/grpc-js';
import type { Call, CallListener, CallStatus } from '../grpc-types.js';
import { ContextChannel } from './context-channel.js';

/** What Node says of a request on an HTTP/2 session that is closed or closing. */
const UNSENT =
  /internal client error: (The session has been destroyed|New streams cannot be created after receiving a GOAWAY)$/;

/**
 * The channel of grpc-js that this package uses: its calls fail with UNAVAILABLE if the connection had gone before they were sent.
 *
 * Since Node 24 a request on a session that is gone fails later instead of throwing. grpc-js (1.14) sends
 * such a call again only if it throws, and otherwise ends it with INTERNAL, which tells the caller that
 * something is broken rather than to try again.
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
