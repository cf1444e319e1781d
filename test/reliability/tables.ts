import { comparedTable } from './compared-table.js';
import type { ReliabilityResults, ScenarioResult } from './results.js';
import type { Row } from './scenario.js';
import { memoryOf, remarksOf, tableOf, tenths } from './table-cells.js';

const HEAD = [
  'attack or fault',
  'tried',
  'lost',
  'memory, MiB: peak (bound)',
  'p99 in peace, ms',
  'p99 meanwhile, ms',
  'besides',
];

/** A table with a heading for each scenario. */
export function markdownTables({ scenarios }: Pick<ReliabilityResults, 'scenarios'>): string {
  const tried = scenarios.filter(({ rows, failure }) => rows.length > 0 || failure !== undefined);
  return tried.map(section).join('\n\n');
}

function section({ title, rows, failure }: ScenarioResult): string {
  const isCompared = rows.some(({ grpcJs }) => grpcJs !== undefined);
  const lines = isCompared ? comparedTable(rows) : tableOf(HEAD, rows.map(cells));
  // What a stack has below its first line is for the terminal.
  const failed = failure === undefined ? [] : ['', `**Failed**: ${failure.split('\n')[0]}`];
  return [`### ${title}`, '', ...(rows.length > 0 ? lines : []), ...failed].join('\n');
}

function cells(row: Row): string[] {
  const { what, times, lost, p99 } = row;
  return [
    what,
    times,
    String(lost),
    memoryOf(row, 'bounded'),
    p99 ? tenths(p99.peaceMs) : '',
    p99 ? tenths(p99.attackMs) : '',
    remarksOf(row, 'bounded'),
  ];
}
