import { createInterface } from 'node:readline';
import type { Order, Orders, Role } from '../protocol.js';
import type { CallingEnd, End, PumpingEnd } from './end.js';
import { LiveHeap } from './live-heap.js';
import { loadStream } from './load-stream.js';
import { loadUnary } from './load-unary.js';
import { Profile } from './profile.js';
import { createEnd } from './systems/index.js';
import { Allocations, memory } from './usage.js';
import { UsageMeter } from './usage-meter.js';

/** More would only wait in the listener's backlog. */
const CONNECTIONS_AT_ONCE = 20;

const [role, system, liveHeapMiB] = process.argv.slice(2) as [Role, string, string];
LiveHeap.hold(Number(liveHeapMiB));
const end: End = await createEnd(system, role);
const calling = end as CallingEnd;
const meter = new UsageMeter();
const allocations = new Allocations();
const profile = new Profile();
let connections = 0;

const actions: { [Name in keyof Orders]: (order: Orders[Name][0]) => unknown } = {
  listen: async () => ({ address: await end.listen() }),
  connect: async ({ address, peers }) => {
    while (connections < peers) {
      const batch = Math.min(peers - connections, CONNECTIONS_AT_ONCE);
      await Promise.all(Array.from({ length: batch }, () => end.connect(address)));
      connections += batch;
    }
    return { peers };
  },
  disconnect: async () => {
    connections = 0;
    await end.disconnect();
  },
  unary: async (order) => loadUnary(await calling.callers.first(order.peers), order),
  stream: async (order) => loadStream((await calling.callers.first(1))[0]!, order),
  'first-reply': async ({ address, count }) => {
    const ms: number[] = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      const hangUp = await calling.firstReply(address);
      ms.push(performance.now() - start);
      hangUp();
    }
    return { ms };
  },
  pump: (order) => (end as PumpingEnd).pump(order),
  usage: () => meter.report(),
  memory,
  'count-allocations': () => allocations.start(),
  'counted-allocations': () => allocations.stop(),
  'start-profile': () => profile.start(),
  'stop-profile': ({ file }) => profile.stop(file),
};

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

say({ ready: true });
for await (const line of createInterface(process.stdin)) {
  const order = JSON.parse(line) as Order;
  const action = actions[order.do] as (order: Order) => unknown;
  try {
    say((await action(order)) ?? {});
  } catch (error) {
    say({ error: `${system} (${role}): ${(error as Error).message}` });
  }
}
process.exit(0);
