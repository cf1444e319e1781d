import { alignRows, type Alignment } from './align-rows.js';

/** Shortest delimiter that prettier writes. */
const MIN_WIDTH = 3;

/** A markdown table, padded as prettier does it: first row is the head, numbers to the right. */
export function paddedTable(rows: string[][]): string {
  const columns = rows[0] ?? [];
  const alignments = columns.map((_, index): Alignment => (index === 0 ? 'left' : 'right'));
  const [head = [], ...body] = alignRows(rows, alignments, MIN_WIDTH);
  const delimiters = head.map(({ length }, index) =>
    alignments[index] === 'left' ? '-'.repeat(length) : `${'-'.repeat(length - 1)}:`,
  );
  return [head, delimiters, ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
