import { connectivityState, type ChannelInterface } from '@grpc/grpc-js';
import { inRootContext } from '../context/index.js';
import type { DialChannel, GoAway } from './grpc-engine.js';
import type { Call } from './grpc-types.js';

/**
 * A channel that is created when it is needed first: for a call, a connection, or a watcher of its state.
 * Before that it is IDLE, and costs almost no memory.
 */
export class ChannelOnDemand implements DialChannel {
  readonly #create: () => DialChannel;
  #channel: DialChannel | undefined;
  #isClosed = false;

  /** @param create - called at most once, in the root context. */
  constructor(create: () => DialChannel) {
    this.#create = create;
  }

  /** @internal Whether `channel` is one, not a proxy for one. */
  static is(channel: ChannelInterface): channel is ChannelOnDemand {
    return #create in channel;
  }

  /** @internal The underlying channel. */
  get lender(): DialChannel {
    if (this.#channel === undefined) {
      this.#channel = inRootContext(this.#create);
      if (this.#isClosed) this.#channel.close();
    }
    return this.#channel;
  }

  get lastError(): Error | undefined {
    return this.#channel?.lastError;
  }

  get lastGoAway(): GoAway | undefined {
    return this.#channel?.lastGoAway;
  }

  close(): void {
    this.#isClosed = true;
    this.#channel?.close();
  }

  getTarget(): string {
    return this.lender.getTarget();
  }

  getConnectivityState(tryToConnect: boolean): connectivityState {
    if (this.#channel !== undefined || (tryToConnect && !this.#isClosed)) {
      return this.lender.getConnectivityState(tryToConnect);
    }
    return this.#isClosed ? connectivityState.SHUTDOWN : connectivityState.IDLE;
  }

  watchConnectivityState(...args: Parameters<ChannelInterface['watchConnectivityState']>): void {
    this.lender.watchConnectivityState(...args);
  }

  getChannelzRef(): ReturnType<ChannelInterface['getChannelzRef']> {
    return this.lender.getChannelzRef();
  }

  createCall(...args: Parameters<ChannelInterface['createCall']>): Call {
    return this.lender.createCall(...args);
  }
}
