import { connectivityState } from '@grpc/grpc-js';
import type { Call } from '../grpc-types.js';
import { heldProblem, Hold, verifyHold } from '../hold.js';
import { GrpcJsChannel } from './grpc-js-channel.js';

/**
 * A channel of grpc-js with `hold`: a call or request that begins during a hold does not connect it. grpc-js
 * connects nevertheless for calls that began while the channel was ready and were not sent, and after a failed
 * attempt by its own timer.
 */
export class HoldableChannel extends GrpcJsChannel {
  readonly #hold = new Hold();

  /** Begins a hold; see `DialChannel.hold`. */
  hold(ms: number): void {
    verifyHold(ms);
    if (super.getConnectivityState(false) !== connectivityState.SHUTDOWN) this.#hold.begin(ms);
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
    super.close();
    this.#hold.begin(0);
  }
}
