import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { messageBuffers } from '../../../lib/wire/index.js';
import type { Sample } from '../protocol.js';
import type { End } from './end.js';
import { liveObjects } from './live-objects.js';
import { openStreams } from './open-streams.js';

/**
 * Milliseconds that what is under way may take to end: a socket lingers for two seconds at most, and unused
 * buffers of messages for 20, with a timer.
 */
const PATIENCE_MS = 25_000;
const POLL_MS = 10;
/** What finalizers of one collection let go, the next one takes. */
const COLLECTIONS = 3;

/**
 * The state of `end` once nothing is under way and only so many `connections` are open. Needs
 * `--expose-gc`.
 *
 * @param thorough - whether to count objects of all kinds, which takes seconds.
 */
export async function takeSample(
  end: End,
  { connections, thorough }: { connections: number; thorough: boolean },
): Promise<Sample> {
  const patience = performance.now() + PATIENCE_MS;
  const isQuiet = (): boolean =>
    !end.book.isBusy &&
    openSockets() <= connections &&
    (!thorough || messageBuffers.spareBytes === 0);
  while (!isQuiet() && performance.now() < patience) await sleep(POLL_MS);
  const live = thorough ? liveObjects() : undefined;
  for (let i = 0; i < COLLECTIONS; i++) {
    globalThis.gc!();
    await turn();
  }
  const { heapUsed, heapTotal, external, arrayBuffers, rss } = process.memoryUsage();
  // The pool is bounded, and how full it is depends on the last calls.
  const { spareBytes } = messageBuffers;
  return {
    heapUsed,
    heapTotal,
    external: external - spareBytes,
    arrayBuffers: arrayBuffers - spareBytes,
    rss,
    handles: process.getActiveResourcesInfo().length,
    sockets: openSockets(),
    registry: end.registrySize,
    streams: openStreams(),
    live,
    calls: end.book.report(),
  };
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}
