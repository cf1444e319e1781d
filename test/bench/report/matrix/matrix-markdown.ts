import type { BenchResults } from '../../results.js';
import { paddedTable } from '../padded-table.js';
import { matrixRows } from './matrix-rows.js';

/** A matrix for `docs/performance.md`: a heading and a table for each workload. */
export function matrixMarkdown(cells: readonly BenchResults[]): string {
  const sections = matrixRows(cells).map(({ workload, columns, rows }) => {
    const head = ['Node', 'live heap, MiB', ...columns.map((of) => `${of.head}: ${of.subhead}`)];
    return `#### ${workload}\n\n${paddedTable([head, ...rows])}`;
  });
  return `${sections.join('\n\n')}\n`;
}
