import type { BenchResults } from '../results.js';
import { isOurs } from '../systems.js';
import type { ChartBar } from './chart-options.js';
import { drawChart } from './chart.js';
import { workloadsOf, type Workload } from './workloads.js';

/** A chart of the first primary metric of each workload, by file name (`<workload>.svg`). */
export function chartsOf(results: BenchResults): Map<string, string> {
  return new Map(
    workloadsOf(results).map((workload) => [`${workload.name}.svg`, workloadChart(workload)]),
  );
}

function workloadChart({ name, primary: [metric], baseline }: Workload): string {
  const bars = [...metric.measurements.values()].map(
    ({ system, median, min, max, ratio }): ChartBar => {
      return { name: system, kind: kindOf(system, baseline), median, min, max, ratio };
    },
  );
  return drawChart({ title: name, metric, bars });
}

function kindOf(system: string, baseline: string | undefined): ChartBar['kind'] {
  if (isOurs({ name: system })) return 'ours';
  return system === baseline ? 'baseline' : 'other';
}
