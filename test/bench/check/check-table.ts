import { alignRows, type Alignment } from '../report/align-rows.js';
import { formatNumber } from '../report/numbers.js';
import { median } from '../statistics.js';
import type { CheckCase } from './cases.js';
import { contenderName } from './contender.js';
import { boundOf, isOutgrown, judge } from './judge.js';

const HEAD = ['workload', 'ours', 'rival', 'live heap', 'recorded', 'measured', 'bound', ''];
const ALIGNMENTS: Alignment[] = [
  'left',
  'left',
  'left',
  'right',
  'right',
  'right',
  'right',
  'left',
];
const NOTHING = '–';
const GAP = '  ';

/** The samples of a case, and the ratio that it is judged by. */
export interface CheckedCase {
  readonly checked: CheckCase;
  readonly samples: readonly number[];
  readonly recorded: number;
}

/** CPU time relative to the rival's, as text for a terminal. */
export function formatCheck(cases: readonly CheckedCase[]): string {
  const rows = [HEAD, ...cases.map(rowOf)];
  return alignRows(rows, ALIGNMENTS)
    .map((row) => row.join(GAP).trimEnd())
    .join('\n');
}

function rowOf({ checked, samples, recorded }: CheckedCase): string[] {
  const { name, ours, rival, liveHeapMiB } = checked;
  return [
    name,
    ours.system.name,
    contenderName(rival, ours),
    `${liveHeapMiB} MiB`,
    formatNumber(recorded),
    samples.length === 0 ? NOTHING : formatNumber(median(samples)),
    formatNumber(boundOf(recorded)),
    remark(samples, recorded),
  ];
}

function remark(samples: readonly number[], recorded: number): string {
  const verdict = judge(samples, recorded);
  if (verdict === 'exceeded') return 'EXCEEDED';
  if (verdict === 'unmeasured') return 'NOT MEASURED';
  return isOutgrown(samples, recorded) ? 'ok, record it anew' : 'ok';
}
