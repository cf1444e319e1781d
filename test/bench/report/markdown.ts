import type { BenchResults } from '../results.js';
import { costTable } from './cost-table.js';
import { overviewTable } from './overview-table.js';
import { workloadGroups } from './workload-groups.js';
import { workloadsOf } from './workloads.js';

/**
 * The tables for `docs/performance.md`: what the workloads are about, then what that costs. There is
 * one of each for all workloads that have most of their systems in common.
 */
export function markdownTable(results: BenchResults): string {
  const groups = workloadGroups(workloadsOf(results));
  const tables = [...groups.map(overviewTable), ...groups.map(costTable)];
  return `${tables.filter((table) => table !== '').join('\n\n')}\n`;
}
