import type { ChannelInterface } from '@grpc/grpc-js';
import type { Call } from './grpc-types.js';

/**
 * A channel as it is given to stubs, which do not own it: `close()` does nothing, so that closing one
 * stub, as users of grpc-js do, leaves the connection and all other stubs as they are. The owner closes
 * the channel behind it; calls then fail with the error of that channel.
 */
export class BorrowedChannel implements ChannelInterface {
  readonly #channel: ChannelInterface;

  constructor(channel: ChannelInterface) {
    this.#channel = channel;
  }

  /** Does nothing. */
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
