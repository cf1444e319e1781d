import type { Duplex } from 'node:stream';
import type { ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import type { DialChannel, GoAway, Upgrade } from '../grpc-engine.js';
import { GoAwayFinder } from './go-away-finder.js';
import { GrpcJsChannel } from './grpc-js-channel.js';
import { UpgradeCredentials } from './upgrade-credentials.js';

/** A channel of grpc-js that dials `target` itself, and knows by which words its connection ended. */
export function createDialChannel(
  target: string,
  credentials: ChannelCredentials,
  upgrade: Upgrade,
  options: ChannelOptions = {},
): DialChannel {
  let lastGoAway: GoAway | undefined;
  const listening: Upgrade = async (socket) => {
    const stream = await upgrade(socket);
    lastGoAway = undefined;
    // The first makes the channel leave; servers of grpc-js say another one, without text.
    return listenIn(stream, (goAway) => (lastGoAway ??= goAway));
  };
  const channel = new GrpcJsChannel(
    target,
    new UpgradeCredentials(credentials, listening),
    options,
  );
  return Object.defineProperty(channel, 'lastGoAway', { get: () => lastGoAway });
}

/** Has `onGoAway` told of what comes in on `stream`, which is read by somebody else. Returns `stream`. */
function listenIn(stream: Duplex, onGoAway: (goAway: GoAway) => void): Duplex {
  const finder = new GoAwayFinder(onGoAway);
  const push = stream.push.bind(stream);
  stream.push = (chunk: Buffer | null) => {
    if (chunk !== null) finder.read(chunk);
    return push(chunk);
  };
  return stream;
}
