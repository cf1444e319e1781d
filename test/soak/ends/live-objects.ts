import { queryObjects } from 'node:v8';
import { BuiltInChannel } from '../../../lib/grpc/built-in/client/channel.js';
import { ClientCall } from '../../../lib/grpc/built-in/client/client-call.js';
import { ServerCall } from '../../../lib/grpc/built-in/server/server-call.js';
import { Http2Connection, Http2Stream } from '../../../lib/http2/index.js';
import { YamuxSession } from '../../../lib/yamux/index.js';
import type { LiveObjects } from '../protocol.js';

/** Of timers, ref'd or not; Node exports no class of them. */
const Timeout = (() => {
  const timer = setTimeout(() => {}, 0);
  clearTimeout(timer);
  return timer.constructor;
})();

/** What must not outlive the connection, or the call, that it was made for. */
const KINDS = {
  timers: Timeout,
  sessions: YamuxSession,
  connections: Http2Connection,
  streams: Http2Stream,
  clientCalls: ClientCall,
  serverCalls: ServerCall,
  channels: BuiltInChannel,
};

/** Counts what the garbage collector leaves, which it runs several times for each kind. */
export function liveObjects(): LiveObjects {
  const counts = Object.entries(KINDS).map(([name, kind]) => [
    name,
    queryObjects(kind, { format: 'count' }),
  ]);
  return Object.fromEntries(counts) as LiveObjects;
}
