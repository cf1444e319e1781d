import type { BenchResults } from '../../results.js';
import { groupBy } from '../group-by.js';
import { workloadsOf } from '../workloads.js';
import { Cell } from './cell.js';
import { matrixColumns, type MatrixColumn } from './matrix-columns.js';

const NOTHING = '–';
const SPREAD = 'spread';

/** The table of one workload. */
export interface MatrixRows {
  readonly workload: string;
  /** Columns without the first two, which say Node and live heap. */
  readonly columns: readonly MatrixColumn[];
  /** One for each cell, and one for the spread of each Node that has several. */
  readonly rows: string[][];
}

/** The tables of all workloads, in the order in which they were measured. */
export function matrixRows(results: readonly BenchResults[]): MatrixRows[] {
  const [first] = results;
  if (first === undefined) return [];
  const all = { ...first, measurements: results.flatMap(({ measurements }) => measurements) };
  const nodes = [
    ...groupBy(
      results.map((of) => new Cell(of)),
      ({ nodeMajor }) => `${nodeMajor}`,
    ),
  ];
  return workloadsOf(all).map((workload) => {
    const columns = matrixColumns(workload);
    const rows = nodes.flatMap(([, cells]) => rowsOf(columns, cells));
    return { workload: workload.name, columns, rows };
  });
}

function rowsOf(columns: readonly MatrixColumn[], cells: readonly [Cell, ...Cell[]]): string[][] {
  const node = `${cells[0].nodeMajor}`;
  const rows = cells.map((cell) => [
    node,
    `${cell.liveHeapMiB}`,
    ...columns.map((column) => column.cell(cell) ?? NOTHING),
  ]);
  if (cells.length === 1) return rows;
  return [...rows, [node, SPREAD, ...columns.map((column) => column.spread(cells) ?? '')]];
}
