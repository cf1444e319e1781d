import type { ChannelInterface } from '@grpc/grpc-js';
import { BorrowedChannel } from '../../borrowed-channel.js';
import { ChannelOnDemand } from '../../channel-on-demand.js';
import type { CallRouter } from './call-router.js';
import { BuiltInChannel } from './channel.js';

/**
 * Returns the router of a channel; other routers may pass calls on to it. Returns undefined for a channel of
 * another engine.
 */
export function routerOf(channel: ChannelInterface): CallRouter | undefined {
  if (channel instanceof BorrowedChannel || channel instanceof ChannelOnDemand) {
    return routerOf(channel.lender);
  }
  return channel instanceof BuiltInChannel ? channel.router : undefined;
}
