import type { BenchResults, Skipped } from '../results.js';
import { alignRows, type Alignment } from './align-rows.js';
import { tableColumns } from './table-columns.js';
import { workloadsOf, type Workload } from './workloads.js';

const GAP = '  ';
const RULE = '─';

/** All measurements as text for a terminal: a table per workload, at last what was skipped. */
export function formatTable(results: BenchResults): string {
  const blocks = workloadsOf(results).map(formatWorkload);
  if (results.skipped.length > 0) blocks.push(formatSkipped(results.skipped));
  return `${blocks.join('\n\n')}\n`;
}

function formatWorkload(workload: Workload): string {
  const columns = tableColumns(workload);
  const rows = [
    columns.map(({ head }) => head),
    columns.map(({ subhead }) => subhead),
    ...workload.systems.map((system) => columns.map(({ cell }) => cell(system))),
  ];
  const alignments = columns.map(({ alignment }) => alignment);
  const [head = '', subhead = '', ...lines] = joinRows(rows, alignments);
  const width = Math.max(...[head, subhead, ...lines].map((line) => line.length));
  return [head, subhead, RULE.repeat(width), ...lines].join('\n');
}

function formatSkipped(skipped: Skipped[]): string {
  const rows = skipped.map(({ workload, system, reason }) => [workload, system, reason]);
  const lines = joinRows(rows, ['left', 'left', 'left']);
  return ['skipped', ...lines.map((line) => GAP + line)].join('\n');
}

function joinRows(rows: string[][], alignments: Alignment[]): string[] {
  return alignRows(rows, alignments).map((row) => row.join(GAP).trimEnd());
}
