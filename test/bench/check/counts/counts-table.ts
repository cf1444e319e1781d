import { alignRows, type Alignment } from '../../report/align-rows.js';
import { formatNumber } from '../../report/numbers.js';
import { median } from '../../statistics.js';
import { judge } from '../judge.js';
import { countBoundOf } from './count-bound.js';
import type { CountCase } from './count-cases.js';

const HEAD = ['mark-compacts per GiB', 'recorded', 'measured', 'bound', ''];
const ALIGNMENTS: Alignment[] = ['left', 'right', 'right', 'right', 'left'];
const GAP = '  ';

/** The counts of a case, and the one that it is judged by. */
export interface CheckedCount {
  readonly checked: CountCase;
  readonly samples: readonly number[];
  readonly recorded: number;
}

/** Counts as text for a terminal. */
export function formatCounts(counts: readonly CheckedCount[]): string {
  return alignRows([HEAD, ...counts.map(rowOf)], ALIGNMENTS)
    .map((row) => row.join(GAP).trimEnd())
    .join('\n');
}

function rowOf({ checked, samples, recorded }: CheckedCount): string[] {
  return [
    checked.name,
    formatNumber(recorded),
    formatNumber(median(samples)),
    formatNumber(countBoundOf(recorded)),
    remark(samples, recorded),
  ];
}

function remark(samples: readonly number[], recorded: number): string {
  if (judge(samples, recorded, countBoundOf) === 'exceeded') return 'EXCEEDED';
  return countBoundOf(median(samples)) < recorded ? 'ok, record it anew' : 'ok';
}
