/** Which side of its column a cell is written to. */
export type Alignment = 'left' | 'right';

/** Pads the cells of every row to the width of their column, in characters. */
export function alignRows(rows: string[][], alignments: Alignment[], minWidth = 0): string[][] {
  const widths = alignments.map((_, column) =>
    Math.max(minWidth, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row.map((cell, column) => pad(cell, widths[column], alignments[column])),
  );
}

function pad(cell: string, width = 0, alignment: Alignment = 'left'): string {
  return alignment === 'left' ? cell.padEnd(width) : cell.padStart(width);
}
