import type { Machine } from '../bench/results.js';
import type { Bound, Row } from './scenario.js';

/** What a run of the scenarios leaves in `bench-results/reliability.json`. */
export interface ReliabilityResults {
  /** Version of this form. */
  schema: 1;
  /** When the run ended, ISO 8601. */
  at: string;
  /** Commit that was tried; with `+` if files had been changed since. */
  commit: string;
  /** What to type to see this again. */
  command: string;
  /** Whether it was a quick run: shorter, more noise. */
  quick: boolean;
  machine: Machine;
  scenarios: ScenarioResult[];
}

/** One scenario, with its rows or why it has none. */
export interface ScenarioResult {
  name: string;
  title: string;
  /** Seconds that it took. */
  seconds: number;
  rows: Row[];
  /** What it threw. */
  failure?: string;
}

/** What is wrong with a run: nothing, if all is well. */
export function faultsOf({ scenarios }: Pick<ReliabilityResults, 'scenarios'>): string[] {
  return scenarios.flatMap(({ name, rows, failure }) => [
    ...(failure === undefined ? [] : [`${name}: ${failure}`]),
    ...rows.flatMap((row) => faultsOfRow(row).map((fault) => `${name}, ${row.what}: ${fault}`)),
  ]);
}

function faultsOfRow({ lost, memory, bounds = [], failure }: Row): string[] {
  const faults = failure === undefined ? [] : [failure];
  if (lost > 0) faults.push(`${lost} lost`);
  if (memory && memory.peakMiB > memory.boundMiB) {
    faults.push(`${memory.peakMiB.toFixed(1)} MiB, more than ${memory.boundMiB}`);
  }
  for (const bound of bounds) {
    if (!isKept(bound)) faults.push(`${bound.what}: ${bound.seen}, ${describeBound(bound)}`);
  }
  return faults;
}

function isKept({ seen, most = Infinity, least = -Infinity }: Bound): boolean {
  return seen <= most && seen >= least;
}

/** The bound of a figure, in words. */
export function describeBound({ most, least }: Bound): string {
  const words = [most === undefined ? [] : `at most ${most}`];
  words.push(least === undefined ? [] : `at least ${least}`);
  return words.flat().join(', ');
}
