import { connect, idlePeerMemory, marginalPeerMemory } from './connecting.js';
import { pump } from './pump.js';
import { stream } from './stream.js';
import { bothDirections, unary } from './unary.js';
import type { Workload } from './workload.js';

export { RECEIVED, type Metric, type Values, type Workload } from './workload.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A link across an ocean; and one as no one has, which shows what windows make of it. */
const LINK = { roundTripMs: 60, megabits: 1000 };
const ENDLESS_LINK = { roundTripMs: 60 };

/** A stream needs some round trips to come up to speed. */
const TAKES_LONGER = { roundMs: 2000, needsNoWarmUp: true, quickRun: { rounds: 1, setupMs: 3000 } };

/** Those of gRPC, in the order of the report. */
export const GRPC_WORKLOADS: readonly Workload[] = [
  // A quick run keeps its processes. So it begins with how they are at the start, and goes on with
  // what warms them up.
  idlePeerMemory('idle-peer-memory'),
  unary(
    'peers-200-c1',
    { size: 64, concurrency: 1, peers: 200 },
    { quickRun: { rounds: 2, setupMs: 5000 } },
  ),
  unary('unary-64B-c64', { size: 64, concurrency: 64 }),
  unary('unary-64B-c512', { size: 64, concurrency: 512 }),
  unary('unary-64B-c1', { size: 64, concurrency: 1 }),
  unary('unary-64KiB-c16', { size: 64 * KIB, concurrency: 16 }),
  stream('stream-64KiB', { size: 64 * KIB, count: 'bytes' }),
  stream('stream-1KiB', { size: KIB, count: 'messages' }),
  stream('stream-1MiB', { size: MIB, count: 'bytes' }),
  stream('stream-3MiB', { size: 3 * MIB, count: 'bytes' }, { quickRun: { rounds: 2 } }),
  bothDirections('both-directions-c64', 64, 64),
  unary(
    'nest-unary-c64',
    { size: 64, concurrency: 64 },
    {
      variant: 'nest',
      quickRun: { setupMs: 6000 },
      systems: ['grpc-js-plain', 'ours-forward', 'ours-backchannel', 'ours-plain'],
    },
  ),
  connect('connect'),
  stream('rtt-60ms-stream', { size: 64 * KIB, count: 'bytes', link: LINK }, TAKES_LONGER),
];

/** Those of the multiplexer alone. */
export const BYTE_WORKLOADS: readonly Workload[] = [
  pump('mux-64KiB-x1', { streams: 1, size: 64 * KIB }),
  pump('mux-64KiB-x16', { streams: 16, size: 64 * KIB }),
  pump('mux-1KiB-x1', { streams: 1, size: KIB }),
  pump('mux-1KiB-x16', { streams: 16, size: KIB }),
  pump('mux-rtt-60ms', { streams: 1, size: 64 * KIB, link: LINK }, TAKES_LONGER),
  pump('mux-rtt-60ms-endless', { streams: 1, size: 64 * KIB, link: ENDLESS_LINK }, TAKES_LONGER),
];

/** What a run without names does. */
export const WORKLOADS: readonly Workload[] = [...GRPC_WORKLOADS, ...BYTE_WORKLOADS];

/** With those that take long, for runs that name them, and for matrices. */
export const ALL_WORKLOADS: readonly Workload[] = [
  ...WORKLOADS,
  marginalPeerMemory('marginal-peer-memory'),
];
