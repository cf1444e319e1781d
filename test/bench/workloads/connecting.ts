import { median } from '../statistics.js';
import { ALL_GRPC, GRPC_BASELINE, type Workload } from './workload.js';

/** A connection of ours is the same whoever calls. */
const SYSTEMS = ALL_GRPC.filter((name) => name !== 'ours-forward');

/** A peer that was never called costs less than one that was. */
const IDLE_SYSTEMS = [...SYSTEMS, 'ours-uncalled'];

/** What a connection takes on the slowest system, roughly. */
const MS_PER_CONNECTION = 5;

/** Of so many connections the memory can be told at all; of so many, well. */
const FEW_PEERS = 30;
const MANY_PEERS = 200;

/** Between these numbers of connections the constant part of a process no longer counts. */
const MARGINAL_FROM = 300;
const MARGINAL_TO = 1000;
const ROUNDS_OF_MARGINAL = 3;

/** From the start of dialing to the first reply, one connection after the other. */
export function connect(name: string): Workload {
  return {
    name,
    systems: SYSTEMS,
    baseline: GRPC_BASELINE,
    metrics: [{ metric: 'time', unit: 'ms', better: 'lower', primary: true }],
    prepare: () => Promise.resolve(),
    async round(pair, ms) {
      const count = Math.max(3, Math.round(ms / MS_PER_CONNECTION));
      const { ms: each } = await pair.processes.dialing.order({
        do: 'first-reply',
        address: pair.processes.address,
        count,
      });
      return { time: median(each) };
    },
  };
}

/** What an idle connection costs the listening process; in a quick run of fewer than otherwise. */
export function idlePeerMemory(name: string): Workload {
  return {
    name,
    systems: IDLE_SYSTEMS,
    baseline: GRPC_BASELINE,
    freshProcesses: true,
    roundMs: MANY_PEERS * MS_PER_CONNECTION,
    quickRun: { rounds: 1, setupMs: 3000 },
    metrics: [
      { metric: 'memory', unit: 'bytes/peer', better: 'lower', primary: true },
      { metric: 'heap', unit: 'bytes/peer', better: 'lower', primary: false },
    ],
    // What the first connection loads is not a matter of each.
    prepare: (pair) => pair.processes.connect({ peers: 1 }),
    async round(pair, ms) {
      const peers = Math.max(FEW_PEERS, Math.round(ms / MS_PER_CONNECTION));
      const before = await pair.processes.listening.order({ do: 'memory', collect: true });
      await pair.processes.connect({ peers: 1 + peers });
      const after = await pair.processes.listening.order({ do: 'memory', collect: true });
      return {
        memory: (after.resident - before.resident) / peers,
        heap: (after.heap - before.heap) / peers,
      };
    },
  };
}

/** What one more idle connection costs a listening process that has many. */
export function marginalPeerMemory(name: string): Workload {
  return {
    name,
    systems: IDLE_SYSTEMS,
    baseline: GRPC_BASELINE,
    freshProcesses: true,
    rounds: ROUNDS_OF_MARGINAL,
    metrics: [{ metric: 'memory', unit: 'bytes/peer', better: 'lower', primary: true }],
    prepare: (pair) => pair.processes.connect({ peers: MARGINAL_FROM }),
    async round({ processes }) {
      const before = await processes.listening.order({ do: 'memory', collect: true });
      await processes.connect({ peers: MARGINAL_TO });
      const after = await processes.listening.order({ do: 'memory', collect: true });
      return { memory: (after.resident - before.resident) / (MARGINAL_TO - MARGINAL_FROM) };
    },
  };
}
