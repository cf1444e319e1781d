import type { BenchResults } from '../results.js';
import { workloadsOf, type Metric, type Workload } from './workloads.js';

const DIGITS = 3;

/** What is kept of a run to compare later runs with; ratios do not depend on the machine as much. */
export interface Ratios {
  /** Workload, system, ratio to the baseline (greater is better, three significant digits). */
  ratios: Record<string, Record<string, number>>;
}

/**
 * The ratios of the primary metrics. The first stands under the name of its workload, another one
 * under `<workload>-<metric>`. What has no ratio is left out.
 */
export function ratiosOf(results: BenchResults): Ratios {
  const entries = workloadsOf(results)
    .flatMap(ratioEntries)
    .filter(([, systems]) => Object.keys(systems).length > 0);
  return { ratios: Object.fromEntries(entries) };
}

function ratioEntries({ name, primary }: Workload): [string, Record<string, number>][] {
  return primary.map((metric, index) => [
    index === 0 ? name : `${name}-${metric.name}`,
    systemRatios(metric),
  ]);
}

function systemRatios({ measurements }: Metric): Record<string, number> {
  const entries = [...measurements].flatMap(([system, { ratio }]) =>
    ratio === undefined ? [] : [[system, Number(ratio.toPrecision(DIGITS))] as const],
  );
  return Object.fromEntries(entries);
}
