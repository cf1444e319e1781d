import type { ReliabilityResults, ScenarioResult } from './results.js';
import type { Row } from './scenario.js';

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
  const table = [HEAD, HEAD.map((_, i) => (i > 1 && i < 6 ? '--:' : '---')), ...rows.map(cells)];
  const lines = table.map((row) => `| ${row.join(' | ')} |`);
  // What a stack has below its first line is for the terminal.
  const failed = failure === undefined ? [] : ['', `**Failed**: ${failure.split('\n')[0]}`];
  return [`### ${title}`, '', ...(rows.length > 0 ? lines : []), ...failed].join('\n');
}

function cells({ what, times, lost, memory, p99, note }: Row): string[] {
  return [
    what,
    times,
    String(lost),
    memory ? `${number(memory.peakMiB)} (${number(memory.boundMiB)})` : '',
    p99 ? number(p99.peaceMs) : '',
    p99 ? number(p99.attackMs) : '',
    note ?? '',
  ];
}

function number(value: number): string {
  return value < 100 ? value.toFixed(value % 1 === 0 ? 0 : 1) : String(Math.round(value));
}
