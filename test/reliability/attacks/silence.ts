import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attack } from './attack.js';
import type { Target } from './target.js';

/** More than there may be handshakes: the default of `maxHandshakes` is 1000. */
const CONNECTIONS = 1010;
/** Milliseconds in which they come: more at once would overflow the backlog of the port, in the kernel. */
const RAMP_MS = 800;
/** Milliseconds until there is another connection for one that was cut. */
const PAUSE_MS = 20;

/** As many connections as take up all handshakes, which say nothing, and come back when they are cut. */
export const silence: Attack = {
  what: 'silent connections',
  unit: 'connections',
  run: async (target) => {
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => keepOne(target, i)));
  },
};

async function keepOne(target: Target, i: number): Promise<void> {
  await sleep((i / CONNECTIONS) * RAMP_MS);
  while (!target.isOver) {
    const socket = await target.connect();
    socket.resume();
    if (!socket.destroyed) await Promise.race([once(socket, 'close'), target.over]);
    await sleep(PAUSE_MS);
  }
}
