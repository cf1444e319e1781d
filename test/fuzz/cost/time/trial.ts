import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Remote } from '../../../reliability/remote.js';
import type { Configuration } from '../configurations.js';
import { AgentReach } from '../play/agent-reach.js';
import { reachHub } from '../play/hub-reach.js';
import { Player } from '../play/player.js';
import type { Program } from '../program/step.js';
import { isHeld } from './is-held.js';
import { OPERATIONS, SHORT, SLACK_MS, type AgentOperation, type HubOperation } from './bounds.js';
import type { TimeEnd } from './end.js';

/** Milliseconds that a slow peer goes on. */
const MOST_WAIT_MS = 60_000;
/** Until it has come to its stage. */
const STAGE_MS = 150;
/** Operations that end the connection as well. */
const ENDING = new Set<string>([
  'peer.close()',
  'registry.removeBackchannel()',
  'app.close()',
  'a connection that is not served yet',
]);

/** What came of one operation beside a slow peer. Milliseconds. */
export interface Trial {
  boundMs: number;
  tookMs: number;
}

/** Whether it ended in time. */
export function isInTime({ boundMs, tookMs }: Trial): boolean {
  return tookMs <= boundMs + SLACK_MS;
}

/** Plays a slow program to a listening side of its own, and has that do something. Undefined if it cannot. */
export async function tryHub(
  remote: Remote<TimeEnd>,
  configuration: Configuration,
  program: Program,
  operation: HubOperation,
): Promise<Trial | undefined> {
  const port = await remote.call('listen', { ...configuration, more: optionsOf(operation) });
  const isHandshake = operation === 'a connection that is not served yet';
  const boundMs = OPERATIONS.hub[operation];
  let socket: Socket | undefined;
  try {
    const reachedFrom = performance.now();
    socket = await reachHub('127.0.0.1', port, configuration.tls).catch((error: unknown) => {
      if (isHandshake) return undefined;
      throw error;
    });
    // On a busy machine the time for the handshake may be over before TLS is.
    if (socket === undefined) return { boundMs, tookMs: performance.now() - reachedFrom };
    const ownPort = socket.localPort!;
    const startedAt = performance.now();
    void new Player(socket, configuration.site, program, MOST_WAIT_MS).play();
    if (!isHandshake) await sleep(STAGE_MS);
    const operatedMs = await remote.call('operateHub', port, operation);
    if (operatedMs === undefined) return undefined;
    if (!ENDING.has(operation)) return { boundMs, tookMs: operatedMs };
    const cutMs = await untilCut(port, ownPort, boundMs + SLACK_MS - operatedMs);
    // A handshake takes its time from the beginning.
    const beforeMs = isHandshake ? performance.now() - startedAt - cutMs : operatedMs;
    return { boundMs, tookMs: cutMs === Infinity ? cutMs : beforeMs + cutMs };
  } finally {
    socket?.destroy();
    await remote.call('stop', port);
  }
}

/** Has a dialing side connect to a slow program, and do something. */
export async function tryAgent(
  remote: Remote<TimeEnd>,
  configuration: Configuration,
  program: Program,
  operation: AgentOperation,
): Promise<Trial> {
  const reach = await AgentReach.listen(configuration.tls);
  try {
    await remote.call('dial', { ...configuration, more: optionsOf(operation) }, reach.port);
    const socket = await reach.take();
    const ownPort = socket.remotePort!;
    void new Player(socket, 'agent', program, MOST_WAIT_MS).play();
    await sleep(STAGE_MS);
    const operatedMs = await remote.call('operateAgent', reach.port, operation);
    const boundMs = OPERATIONS.agent[operation];
    const cutMs = ENDING.has(operation)
      ? await untilCut(ownPort, reach.port, boundMs + SLACK_MS - operatedMs)
      : 0;
    return { boundMs, tookMs: operatedMs + cutMs };
  } finally {
    await remote.call('stop', reach.port);
    reach.close();
  }
}

/** A short time for handshakes is for the operation that is about it. */
function optionsOf(operation: HubOperation | AgentOperation): object {
  const { drainMs, handshakeTimeoutMs } = SHORT;
  return operation === 'a connection that is not served yet'
    ? { drainMs, handshakeTimeoutMs }
    : { drainMs };
}

/** Milliseconds until the other end has let go of the connection; Infinity if that takes more than `mostMs`. */
async function untilCut(ownPort: number, farPort: number, mostMs: number): Promise<number> {
  const startedAt = performance.now();
  while (isHeld(ownPort, farPort)) {
    if (performance.now() - startedAt > mostMs) return Infinity;
    await sleep(20);
  }
  return performance.now() - startedAt;
}
