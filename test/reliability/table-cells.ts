import { describeBound } from './results.js';
import type { Outcome } from './scenario.js';

/** Whether figures are shown with the bounds that they are judged by. */
export type Bounds = 'bounded' | 'unbounded';

/** Lines of a table in Markdown. Columns from the third to the last but one are numbers. */
export function tableOf(head: readonly string[], rows: readonly string[][]): string[] {
  const rule = head.map((_, i) => (i > 1 && i < head.length - 1 ? '--:' : '---'));
  return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`);
}

/** A number to one decimal place, or to none where it has none or is large. */
export function tenths(value: number): string {
  return value < 100 ? value.toFixed(value % 1 === 0 ? 0 : 1) : String(Math.round(value));
}

/** The peak of memory. */
export function memoryOf({ memory }: Outcome, bounds: Bounds): string {
  if (memory === undefined) return '';
  const peak = tenths(memory.peakMiB);
  return bounds === 'bounded' ? `${peak} (${tenths(memory.boundMiB)})` : peak;
}

/** Figures with bounds of their own, then what else there is to say; or what failed, without its stack. */
export function remarksOf(outcome: Outcome, bounds: Bounds): string {
  const { bounds: figures = [], note, failure } = outcome;
  if (failure !== undefined) return failure.split('\n')[0]!.replaceAll('|', '/');
  const remarks = figures.map((figure) => {
    const seen = `${figure.what}: ${figure.seen.toLocaleString('en')}`;
    return bounds === 'bounded' ? `${seen} (${describeBound(figure)})` : seen;
  });
  return [...remarks, note ?? []].flat().join('; ');
}
