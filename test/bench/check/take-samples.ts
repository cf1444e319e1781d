import { groupBy } from '../report/group-by.js';
import { formatNumber } from '../report/numbers.js';
import type { CheckCase } from './cases.js';
import { measureGroup, type CaseGroup } from './measure-group.js';

/** How samples are taken. */
export interface Sampling {
  /** Whether `checked` needs one more. */
  needsMore(checked: CheckCase, samples: readonly number[]): boolean;
  /** Milliseconds since the start of the process after which nothing new is begun. */
  lastStartMs?: number;
  log(line: string): void;
}

/**
 * Takes one sample of each case that needs it, pass after pass, until none does. The samples of a
 * case lie apart, so that a few seconds of other work on the machine spoil one of them only.
 */
export async function takeSamples(
  cases: readonly CheckCase[],
  { needsMore, lastStartMs = Infinity, log }: Sampling,
): Promise<ReadonlyMap<CheckCase, readonly number[]>> {
  const samples = new Map(cases.map((checked) => [checked, [] as number[]]));
  const open = (): CheckCase[] =>
    cases.filter((checked) => needsMore(checked, samples.get(checked)!));
  for (let pass = 1; open().length > 0; pass++) {
    for (const group of groupsOf(open())) {
      if (performance.now() > lastStartMs) return samples;
      await measureGroup(group, (checked, sample, rounds) => {
        samples.get(checked)!.push(sample);
        const each = rounds.map((ratio) => formatNumber(ratio)).join(' ');
        log(`pass ${pass}, ${checked.name}: ${formatNumber(sample)} (${each})`);
      });
    }
  }
  return samples;
}

/** Those that can share processes. */
function groupsOf(cases: readonly CheckCase[]): CaseGroup[] {
  const key = ({ ours, rival, liveHeapMiB }: CheckCase): string =>
    [ours, rival].map(({ system, workload }) => `${system.name}/${workload.variant}`).join() +
    liveHeapMiB;
  return [...groupBy(cases, key).values()];
}
