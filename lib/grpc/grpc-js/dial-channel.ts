import type { Duplex } from 'node:stream';
import type { ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import type { DialChannel, GoAway, Upgrade } from '../grpc-engine.js';
import { GoAwayFinder } from './go-away-finder.js';
import { GrpcJsChannel } from './grpc-js-channel.js';
import { UpgradeCredentials } from './upgrade-credentials.js';

/** Creates a channel of grpc-js that dials `target` itself and has a `lastGoAway`. */
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
    // The first GOAWAY ends the use of the connection; grpc-js servers send a second one, without text.
    return listenIn(stream, (goAway) => (lastGoAway ??= goAway));
  };
  const channel = new GrpcJsChannel(
    target,
    new UpgradeCredentials(credentials, listening),
    options,
  );
  return Object.defineProperty(channel, 'lastGoAway', { get: () => lastGoAway });
}

/** Calls `onGoAway` for each GOAWAY on `stream`, which grpc-js reads. Returns `stream`. */
function listenIn(stream: Duplex, onGoAway: (goAway: GoAway) => void): Duplex {
  const finder = new GoAwayFinder(onGoAway);
  const push = stream.push.bind(stream);
  stream.push = (chunk: Buffer | null) => {
    if (chunk !== null) finder.read(chunk);
    return push(chunk);
  };
  return stream;
}
