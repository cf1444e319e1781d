import type { Measurement } from '../results.js';
import { bestSystem } from './best-system.js';
import { metricCell } from './metric-cell.js';
import { formatCompact, formatRatio } from './numbers.js';
import { paddedTable } from './padded-table.js';
import { formatValue, metricLabel } from './units.js';
import type { WorkloadGroup } from './workload-groups.js';
import type { Workload } from './workloads.js';

/** The first primary metric of each workload, with the ratio; the best JavaScript system in bold. */
export function overviewTable({ workloads, systems }: WorkloadGroup): string {
  const rows = workloads.map((workload) => overviewRow(workload, systems));
  return paddedTable([['workload', ...systems], ...rows]);
}

function overviewRow({ name, primary: [metric] }: Workload, systems: string[]): string[] {
  const best = bestSystem(metric);
  const cells = systems.map((system) => {
    const text = metricCell(metric, system, medianAndRatio);
    return system === best ? `**${text}**` : text;
  });
  return [`${name} (${metricLabel(metric)})`, ...cells];
}

function medianAndRatio({ median, unit, ratio }: Measurement): string {
  const value = formatValue(median, unit, formatCompact);
  return ratio === undefined ? value : `${value} (${formatRatio(ratio)})`;
}
