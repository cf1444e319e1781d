import type { Pair } from '../pair.js';
import type { Used } from '../process-pair.js';
import type { Metric } from './workload.js';

/**
 * Processor time for each `unit` of work: of both processes, and of the called one alone, which is
 * the server of plain clients.
 */
export function cpuMetrics(unit: string): readonly Metric[] {
  return [
    { metric: 'cpu', unit: `µs/${unit}`, better: 'lower', primary: false },
    { metric: 'called-cpu', unit: `µs/${unit}`, better: 'lower', primary: false },
  ];
}

/** Values of `cpuMetrics`. */
export function cpuValues({ cpu }: Used, pair: Pair, units: number): Record<string, number> {
  return { cpu: cpuOfBoth({ cpu }) / units, 'called-cpu': cpu[pair.calledRole] / units };
}

/** Microseconds of both processes together. */
export function cpuOfBoth({ cpu }: Pick<Used, 'cpu'>): number {
  return cpu.listen + cpu.dial;
}
