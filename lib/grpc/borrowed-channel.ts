import type { ChannelInterface } from '@grpc/grpc-js';
import type { Call } from './grpc-types.js';

/**
 * A channel for stubs, which do not own it. `close()` does nothing, so that closing one stub, as users of
 * grpc-js do, affects neither the connection nor other stubs. When the owner closes the underlying channel,
 * calls fail with the error of that channel.
 */
export class BorrowedChannel implements ChannelInterface {
  readonly #channel: ChannelInterface;

  constructor(channel: ChannelInterface) {
    this.#channel = channel;
  }

  /** @internal Whether `channel` is one, not a proxy for one. */
  static is(channel: ChannelInterface): channel is BorrowedChannel {
    return #channel in channel;
  }

  /** @internal The underlying channel. */
  get lender(): ChannelInterface {
    return this.#channel;
  }

  close(): void {}

  getTarget(): string {
    return this.#channel.getTarget();
  }

  getConnectivityState(
    tryToConnect: boolean,
  ): ReturnType<ChannelInterface['getConnectivityState']> {
    return this.#channel.getConnectivityState(tryToConnect);
  }

  watchConnectivityState(...args: Parameters<ChannelInterface['watchConnectivityState']>): void {
    this.#channel.watchConnectivityState(...args);
  }

  getChannelzRef(): ReturnType<ChannelInterface['getChannelzRef']> {
    return this.#channel.getChannelzRef();
  }

  createCall(...args: Parameters<ChannelInterface['createCall']>): Call {
    return this.#channel.createCall(...args);
  }
}
