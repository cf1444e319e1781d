import { metricCell } from './metric-cell.js';
import { paddedTable } from './padded-table.js';
import { formatValue, metricLabel } from './units.js';
import type { WorkloadGroup } from './workload-groups.js';
import type { Metric } from './workloads.js';

/** The secondary metrics, such as processor time and allocated bytes per call; empty without any. */
export function costTable({ workloads, systems }: WorkloadGroup): string {
  const rows = workloads.flatMap(({ name, secondary }) =>
    secondary.map((metric) => [`${name} (${metricLabel(metric)})`, ...costCells(metric, systems)]),
  );
  return rows.length === 0 ? '' : paddedTable([['cost', ...systems], ...rows]);
}

function costCells(metric: Metric, systems: string[]): string[] {
  return systems.map((system) =>
    metricCell(metric, system, ({ median, unit }) => formatValue(median, unit)),
  );
}
