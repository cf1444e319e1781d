import type { ChannelInterface } from '@grpc/grpc-js';
import { BorrowedChannel } from '../../borrowed-channel.js';
import { ChannelOnDemand } from '../../channel-on-demand.js';
import type { CallRouter } from './call-router.js';
import { BuiltInChannel } from './channel.js';

/**
 * Returns the router of a channel; other routers may pass calls on to it. Returns undefined for a channel of
 * another engine or of the application.
 */
export function routerOf(channel: ChannelInterface): CallRouter | undefined {
  if (BorrowedChannel.is(channel) || ChannelOnDemand.is(channel)) {
    return routerOf(channel.lender);
  }
  return BuiltInChannel.is(channel) ? channel.router : undefined;
}
