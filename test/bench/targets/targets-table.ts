import { alignRows, type Alignment } from '../report/align-rows.js';
import { formatNumber } from '../report/numbers.js';
import type { JudgedCell, JudgedTarget } from './judge-targets.js';
import type { Bound, Judged, Target } from './target.js';

const HEAD = ['', 'workload', 'metric', 'of', 'bound', 'result'];
const GAP = '  ';
const NOTHING = '–';
/** Beside a target that allows no exception. */
const BINDING = '*';
/** Beside a value that is out of bounds. */
const BEYOND = '!';

/**
 * All targets with the values of the cells, as text for a terminal. The columns of a cell are headed
 * by Node and live heap, `24/200`; a spread stands in the first cell of its Node.
 */
export function formatTargets(judged: readonly JudgedTarget[]): string {
  const keys = cellKeys(judged);
  const rows = judged.map(({ target, cells, verdict }) => [
    target.binding ? BINDING : '',
    target.workload,
    metricText(target),
    target.system,
    boundText(target.bound),
    verdict,
    ...keys.map((key) => cellText(cells, key, keys)),
  ]);
  const alignments: Alignment[] = [
    ...HEAD.map((): Alignment => 'left'),
    ...keys.map((): Alignment => 'right'),
  ];
  const lines = alignRows([[...HEAD, ...keys], ...rows], alignments);
  return [
    ...lines.map((row) => row.join(GAP).trimEnd()),
    '',
    `${BINDING} every cell has to be within the bound   ${BEYOND} is not`,
    summary(judged),
  ].join('\n');
}

function cellKeys(judged: readonly JudgedTarget[]): string[] {
  const cells = judged.flatMap(({ cells: of }) => of);
  const sorted = cells
    .flatMap(({ nodeMajor, liveHeapMiB }) =>
      liveHeapMiB === undefined ? [] : { nodeMajor, liveHeapMiB },
    )
    .sort((a, b) => a.nodeMajor - b.nodeMajor || a.liveHeapMiB - b.liveHeapMiB);
  return [...new Set(sorted.map(({ nodeMajor, liveHeapMiB }) => `${nodeMajor}/${liveHeapMiB}`))];
}

function cellText(cells: readonly JudgedCell[], key: string, keys: readonly string[]): string {
  const cell = cells.find(({ nodeMajor, liveHeapMiB }) =>
    liveHeapMiB === undefined
      ? keys.find((other) => other.startsWith(`${nodeMajor}/`)) === key
      : `${nodeMajor}/${liveHeapMiB}` === key,
  );
  return cell === undefined ? NOTHING : `${cell.met ? '' : BEYOND}${formatNumber(cell.value)}`;
}

function metricText({ metric, judged }: Target): string {
  return `${metric}${judgedText(judged)}`;
}

function judgedText(judged: Judged): string {
  switch (judged.kind) {
    case 'value':
      return '';
    case 'quotient':
      return ` / ${judged.divisor}`;
    case 'share':
      return ` / ${judged.of}`;
    case 'spread':
      return ', spread';
  }
}

function boundText(bound: Bound): string {
  return bound.kind === 'reported' ? '' : `${bound.kind} ${formatNumber(bound.value)}`;
}

function summary(judged: readonly JudgedTarget[]): string {
  const count = (verdict: JudgedTarget['verdict']): number =>
    judged.filter((of) => of.verdict === verdict).length;
  return `${count('met')} met, ${count('not met')} not met, ${count('reported')} reported, ${count('not measured')} not measured`;
}
