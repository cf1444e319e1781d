import { connectivityState } from '@grpc/grpc-js';
import type { Call } from '../grpc-types.js';
import { heldProblem, Hold } from '../hold.js';
import { GrpcJsChannel } from './grpc-js-channel.js';

/**
 * A channel of grpc-js with `hold`: no call and no request connects it during a hold. After a failed attempt
 * grpc-js dials again by its own timer, which a hold does not stop.
 */
export class HoldableChannel extends GrpcJsChannel {
  readonly #hold = new Hold();

  /** Begins a hold; see `DialChannel.hold`. */
  hold(ms: number): void {
    this.#hold.begin(ms);
  }

  /** Milliseconds until the end of the hold. */
  get heldMs(): number {
    return this.#hold.leftMs;
  }

  override getConnectivityState(tryToConnect: boolean): connectivityState {
    return super.getConnectivityState(tryToConnect && this.heldMs === 0);
  }

  override createCall(...parameters: Parameters<GrpcJsChannel['createCall']>): Call {
    const call = super.createCall(...parameters);
    const { heldMs } = this;
    if (heldMs === 0 || super.getConnectivityState(false) !== connectivityState.IDLE) return call;
    const start = call.start.bind(call);
    call.start = (metadata, listener) => {
      // grpc-js connects no channel for a call that has ended.
      const { code, details } = heldProblem(heldMs);
      call.cancelWithStatus(code, details);
      start(metadata, listener);
    };
    return call;
  }

  override close(): void {
    this.#hold.begin(0);
    super.close();
  }
}
