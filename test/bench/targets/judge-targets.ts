import { groupBy } from '../report/group-by.js';
import { Cell, spreadOf } from '../report/matrix/index.js';
import type { BenchResults } from '../results.js';
import { isWithin, type Target } from './target.js';

/** A value that a target is judged by. */
export interface JudgedCell {
  readonly nodeMajor: number;
  /** Absent for a spread, which is of all live heaps of the Node. */
  readonly liveHeapMiB?: number;
  readonly value: number;
  readonly met: boolean;
}

/** A target, with every cell that has been measured. */
export interface JudgedTarget {
  readonly target: Target;
  readonly cells: readonly JudgedCell[];
  readonly verdict: 'met' | 'not met' | 'reported' | 'not measured';
}

/** Judges each of `targets` by the cells of a run. */
export function judgeTargets(
  targets: readonly Target[],
  results: readonly BenchResults[],
): JudgedTarget[] {
  const cells = results.map((of) => new Cell(of));
  return targets.map((target) => {
    const about = cells.filter(({ nodeMajor }) => target.nodes?.includes(nodeMajor) ?? true);
    const judged = target.judged.kind === 'spread' ? spreads(target, about) : values(target, about);
    return { target, cells: judged, verdict: verdictOn(target, judged) };
  });
}

/** Whether a target that allows no exception is not met. */
export function isBroken({ target, verdict }: JudgedTarget): boolean {
  return target.binding && verdict === 'not met';
}

function verdictOn({ bound }: Target, cells: readonly JudgedCell[]): JudgedTarget['verdict'] {
  if (cells.length === 0) return 'not measured';
  if (bound.kind === 'reported') return 'reported';
  return cells.every(({ met }) => met) ? 'met' : 'not met';
}

function values(target: Target, cells: readonly Cell[]): JudgedCell[] {
  return cells.flatMap((cell) => {
    const value = valueOf(target, cell);
    if (value === undefined) return [];
    const { nodeMajor, liveHeapMiB } = cell;
    return { nodeMajor, liveHeapMiB, value, met: isWithin(target.bound, value) };
  });
}

function valueOf({ workload, system, metric, judged }: Target, cell: Cell): number | undefined {
  if (judged.kind === 'quotient') return cell.quotient(workload, metric, system, judged.divisor);
  const value = cell.value(workload, system, metric);
  return value !== undefined && judged.kind === 'share' ? value / judged.value : value;
}

function spreads(target: Target, cells: readonly Cell[]): JudgedCell[] {
  const { workload, metric, system, bound } = target;
  return [...groupBy(cells, ({ nodeMajor }) => `${nodeMajor}`).values()].flatMap((ofNode) => {
    const value = spreadOf(ofNode, workload, metric, system);
    if (value === undefined) return [];
    return { nodeMajor: ofNode[0].nodeMajor, value, met: isWithin(bound, value) };
  });
}
