import type { Duplex } from 'node:stream';
import { connectivityState, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import type { DialChannel, GoAway, Upgrade } from '../grpc-engine.js';
import { GoAwayFinder } from './go-away-finder.js';
import { HoldableChannel } from './holdable-channel.js';
import { watchConnectivity } from '../watch-connectivity.js';
import { UpgradeCredentials } from './upgrade-credentials.js';

/**
 * Creates a channel of grpc-js that dials `target` itself. Has a `lastGoAway`, and as `lastError` the error of
 * the last attempt or connection that has reached the other end: failures to dial remain in grpc-js.
 */
export function createDialChannel(
  target: string,
  credentials: ChannelCredentials,
  upgrade: Upgrade,
  options: ChannelOptions = {},
): DialChannel {
  let lastGoAway: GoAway | undefined;
  let lastError: Error | undefined;
  const listening: Upgrade = async (socket) => {
    const stream = await upgrade(socket);
    lastGoAway = undefined;
    // The first GOAWAY ends the use of the connection; grpc-js servers send a second one, without text.
    return listenIn(stream, (goAway) => (lastGoAway ??= goAway));
  };
  const channel = new HoldableChannel(
    target,
    new UpgradeCredentials(credentials, listening, (error) => (lastError = error)),
    options,
  );
  watchConnectivity(channel, (state) => {
    if (state === connectivityState.CONNECTING || state === connectivityState.READY) {
      lastError = undefined;
    }
  });
  return Object.defineProperties(channel, {
    lastGoAway: { get: () => lastGoAway },
    lastError: { get: () => lastError },
  });
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
