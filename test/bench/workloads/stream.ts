import type { Link } from '../delay-proxy.js';
import { cpuMetrics, cpuValues } from './cpu.js';
import { MARK_COMPACTS, markCompactsPerGiB } from './mark-compacts.js';
import { ALL_GRPC, GRPC_BASELINE, RECEIVED, type Metric, type Workload } from './workload.js';

const PER_MESSAGE: readonly Metric[] = [
  ...cpuMetrics('message'),
  { metric: 'allocated', unit: 'bytes/message', better: 'lower', primary: false },
  MARK_COMPACTS,
];

const MIB = 1024 * 1024;

/** One stream of messages from the called end to the calling one. */
export function stream(
  name: string,
  { size, count, link }: { size: number; count: 'bytes' | 'messages'; link?: Link },
  more: Partial<Workload> = {},
): Workload {
  const rate: Metric = {
    metric: 'rate',
    unit: count === 'bytes' ? 'MiB/s' : 'messages/s',
    better: 'higher',
    primary: true,
  };
  return {
    name,
    systems: ALL_GRPC,
    baseline: GRPC_BASELINE,
    metrics: [rate, ...PER_MESSAGE],
    prepare: (pair) => pair.processes.connect({ peers: 1, ...(link && { link }) }),
    async round(pair, ms) {
      const { result, used } = await pair.processes.measured(() =>
        pair.caller.order({ do: 'stream', size, ms }),
      );
      const received = size * result.messages;
      const perSecond = (1000 * result.messages) / result.ms;
      return {
        rate: count === 'bytes' ? (perSecond * size) / MIB : perSecond,
        ...cpuValues(used, pair, result.messages),
        allocated: used.allocated / result.messages,
        'mark-compacts': markCompactsPerGiB(used, pair.system.caller, received),
        [RECEIVED]: received,
      };
    },
    ...more,
  };
}
