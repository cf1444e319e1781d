import type { BenchResults } from '../../results.js';
import { alignRows, type Alignment } from '../align-rows.js';
import { matrixRows, type MatrixRows } from './matrix-rows.js';

const GAP = '  ';
const RULE = '─';

/** A matrix as text for a terminal, one table for each workload, at last what was skipped. */
export function formatMatrix(cells: readonly BenchResults[]): string {
  const blocks = matrixRows(cells).map(formatWorkload);
  const skipped = cells.flatMap(({ machine, liveHeapMiB, skipped: of }) =>
    of.map(
      ({ workload, system, reason }) =>
        `${GAP}Node ${machine.node}, ${liveHeapMiB} MiB: ${workload}, ${system}: ${reason}`,
    ),
  );
  if (skipped.length > 0) blocks.push(['skipped', ...skipped].join('\n'));
  return `${blocks.join('\n\n')}\n`;
}

function formatWorkload({ workload, columns, rows }: MatrixRows): string {
  const heads = columns.map(({ head }, i) => (columns[i - 1]?.head === head ? '' : head));
  const alignments: Alignment[] = ['left', 'right', ...columns.map((): Alignment => 'right')];
  const [head = '', subhead = '', ...lines] = alignRows(
    [['', '', ...heads], ['Node', 'MiB', ...columns.map(({ subhead: text }) => text)], ...rows],
    alignments,
  ).map((row) => row.join(GAP).trimEnd());
  const width = Math.max(...[head, subhead, ...lines].map(({ length }) => length));
  return [workload, head, subhead, RULE.repeat(width), ...lines].join('\n');
}
