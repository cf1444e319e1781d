import type { Pair } from '../pair.js';
import type { Unary } from '../protocol.js';
import { cpuMetrics, cpuOfBoth, cpuValues } from './cpu.js';
import { MARK_COMPACTS, markCompactsPerGiB } from './mark-compacts.js';
import {
  ALL_GRPC,
  GRPC_BASELINE,
  ALLOCATED_PER_CALL,
  type Metric,
  type Values,
  type Workload,
} from './workload.js';

const RATE: Metric = { metric: 'rate', unit: 'calls/s', better: 'higher', primary: true };
/** The called process receives the requests of all calls. */
const PER_CALL: readonly Metric[] = [...cpuMetrics('call'), ALLOCATED_PER_CALL];
/** Smaller messages are no reason to collect the whole heap. */
const LARGE_MESSAGE = 16 * 1024;
const LATENCIES: readonly Metric[] = [
  { metric: 'p50', unit: 'µs', better: 'lower', primary: false },
  { metric: 'p99', unit: 'µs', better: 'lower', primary: false },
];

/** Unary calls, as many at any time as said. */
export function unary(
  name: string,
  { size, concurrency, peers = 1 }: { size: number; concurrency: number; peers?: number },
  more: Partial<Workload> = {},
): Workload {
  const order: Omit<Unary, 'ms'> = { do: 'unary', size, concurrency, peers };
  // With one call at a time the rate says nothing more than the latency.
  const aboutLatency = concurrency === 1 && peers === 1;
  return {
    name,
    systems: ALL_GRPC,
    baseline: GRPC_BASELINE,
    metrics: [
      ...(aboutLatency
        ? LATENCIES.map((metric) => ({ ...metric, primary: true }))
        : [RATE, ...LATENCIES]),
      ...PER_CALL,
      ...(size >= LARGE_MESSAGE ? [MARK_COMPACTS] : []),
    ],
    prepare: (pair) => pair.processes.connect({ peers }),
    round: (pair, ms) => round(pair, { ...order, ms }),
    ...more,
  };
}

async function round(pair: Pair, order: Unary): Promise<Values> {
  const { result, used } = await pair.processes.measured(() => pair.caller.order(order));
  const { calls, ms, p50, p99 } = result;
  return {
    rate: (1000 * calls) / ms,
    p50,
    p99,
    ...cpuValues(used, pair, calls),
    allocated: used.allocated / calls,
    'mark-compacts': markCompactsPerGiB(used, pair.calledRole, calls * order.size),
  };
}

/** Both ends call at the same time. */
export function bothDirections(name: string, size: number, concurrency: number): Workload {
  return {
    name,
    systems: [
      'grpc-js-plain',
      'ours-backchannel',
      'bidi-stream',
      'yamux-js',
      'go-plain',
      'go-backchannel',
    ],
    baseline: GRPC_BASELINE,
    metrics: [
      RATE,
      { metric: 'cpu', unit: 'µs/call', better: 'lower', primary: false },
      ALLOCATED_PER_CALL,
    ],
    async prepare(pair) {
      await pair.processes.connect({ peers: 1 });
      if (pair.system.backwards === 'own connection') await pair.processes.connectBackwards();
    },
    async round(pair, ms) {
      const order: Unary = { do: 'unary', size, concurrency, peers: 1, ms };
      const { result, used } = await pair.processes.measured(() =>
        Promise.all([pair.processes.listening.order(order), pair.processes.dialing.order(order)]),
      );
      const calls = result[0].calls + result[1].calls;
      return {
        rate: result.reduce((sum, end) => sum + (1000 * end.calls) / end.ms, 0),
        cpu: cpuOfBoth(used) / calls,
        allocated: used.allocated / calls,
      };
    },
  };
}
