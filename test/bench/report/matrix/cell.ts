import { majorOf } from '../../nodes.js';
import type { BenchResults } from '../../results.js';

/** The medians of one Node beside one live heap. */
export class Cell {
  readonly nodeMajor: number;
  readonly liveHeapMiB: number;
  readonly #medians: ReadonlyMap<string, number>;

  constructor({ machine, liveHeapMiB = 0, measurements }: BenchResults) {
    this.nodeMajor = majorOf(machine.node);
    this.liveHeapMiB = liveHeapMiB;
    this.#medians = new Map(
      measurements.map(({ workload, system, metric, median }) => [
        keyOf(workload, system, metric),
        median,
      ]),
    );
  }

  /** The median of a metric; undefined if it was not measured. */
  value(workload: string, system: string, metric: string): number | undefined {
    return this.#medians.get(keyOf(workload, system, metric));
  }

  /** The median of a system divided by the one of another. */
  quotient(workload: string, metric: string, system: string, divisor: string): number | undefined {
    const value = this.value(workload, system, metric);
    const other = this.value(workload, divisor, metric);
    return value === undefined || other === undefined || other === 0 ? undefined : value / other;
  }
}

function keyOf(...names: string[]): string {
  return names.join('/');
}
