import type { Link } from '../delay-proxy.js';
import { cpuOfBoth } from './cpu.js';
import { MARK_COMPACTS, markCompactsPerGiB } from './mark-compacts.js';
import { RECEIVED, type Metric, type Workload } from './workload.js';

const METRICS: readonly Metric[] = [
  { metric: 'rate', unit: 'MiB/s', better: 'higher', primary: true },
  { metric: 'cpu', unit: 'µs/MiB', better: 'lower', primary: false },
  MARK_COMPACTS,
  { metric: 'resident', unit: 'MiB', better: 'lower', primary: false },
];

const MIB = 1024 * 1024;

/** Bytes from the dialing end to the listening one, without gRPC. */
export function pump(
  name: string,
  { streams, size, link }: { streams: number; size: number; link?: Link },
  more: Partial<Workload> = {},
): Workload {
  return {
    name,
    systems: ['socket', 'ours-yamux', 'ours-yamux-borrowed', 'yamux-js-bytes', 'go-yamux'],
    baseline: 'socket',
    metrics: METRICS,
    prepare: (pair) => pair.processes.connect({ peers: 1, ...(link && { link }) }),
    async round(pair, ms) {
      const { result, used } = await pair.processes.measured(() =>
        pair.caller.order({ do: 'pump', streams, size, ms }),
      );
      const { resident } = await pair.called.order({ do: 'memory', collect: false });
      const mebibytes = result.bytes / MIB;
      return {
        rate: (1000 * mebibytes) / result.ms,
        cpu: cpuOfBoth(used) / mebibytes,
        'mark-compacts': markCompactsPerGiB(used, pair.calledRole, result.bytes),
        resident: resident / MIB,
        [RECEIVED]: result.bytes,
      };
    },
    ...more,
  };
}
