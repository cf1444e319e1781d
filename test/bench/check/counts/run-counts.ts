import { formatNumber } from '../../report/numbers.js';
import { median } from '../../statistics.js';
import { judge, needsSample } from '../judge.js';
import { ofBuild } from '../contender.js';
import { buildIfPossible } from '../recorded-build.js';
import type { CheckRecord } from '../recorded-ratios.js';
import { countBoundOf } from './count-bound.js';
import type { CountCase } from './count-cases.js';
import { formatCounts, type CheckedCount } from './counts-table.js';
import { takeCount } from './take-count.js';

type Log = (line: string) => void;

/** Of the build that a case in doubt is compared with. */
const SAMPLES_OF_RECORDED = 3;

/**
 * Judges how often V8 collects the whole heap in each of `cases`, and prints it: by the recorded
 * counts, and where one is exceeded, or none was recorded, by those of the recorded commit on this
 * machine.
 *
 * @returns what is wrong with them.
 */
export async function runCounts(
  cases: readonly CountCase[],
  { commit, counts }: CheckRecord,
  log: Log,
): Promise<string[]> {
  const judged: CheckedCount[] = [];
  for (const checked of cases) {
    const recorded = counts[checked.name];
    if (recorded !== undefined) judged.push(await count(checked, recorded, log));
  }
  if (judged.length > 0) console.log(`\n${formatCounts(judged)}`);
  const passed = new Set(judged.filter(isOk).map(({ checked }) => checked));
  const doubtful = cases.filter((checked) => !passed.has(checked));
  if (doubtful.length === 0) return [];
  const build = buildIfPossible(commit, log);
  if (build === undefined) {
    console.log(`\nNot judged: ${doubtful.map(({ name }) => name).join('; ')}.`);
    return [];
  }
  console.log(`\nby ${build.commit}, the recorded commit, on this machine:`);
  const confirmed: CheckedCount[] = [];
  for (const checked of doubtful) {
    const recorded = median(await takeCounts(ofBuild(checked, build), SAMPLES_OF_RECORDED, log));
    confirmed.push(await count(checked, recorded, log));
  }
  console.log(formatCounts(confirmed));
  return confirmed.filter((checked) => !isOk(checked)).map(failureOf);
}

/** Takes so many counts of a case. */
export async function takeCounts(checked: CountCase, samples: number, log: Log): Promise<number[]> {
  const { build } = checked.ours;
  const counts: number[] = [];
  while (counts.length < samples) {
    const sample = await takeCount(checked);
    const of = build === undefined ? '' : ` of ${build.commit}`;
    log(`mark-compacts per GiB${of}, ${checked.name}: ${formatNumber(sample)}`);
    counts.push(sample);
  }
  return counts;
}

async function count(checked: CountCase, recorded: number, log: Log): Promise<CheckedCount> {
  const samples: number[] = [];
  while (needsSample(samples, recorded, countBoundOf)) {
    samples.push(...(await takeCounts(checked, 1, log)));
  }
  return { checked, samples, recorded };
}

function isOk({ samples, recorded }: CheckedCount): boolean {
  return judge(samples, recorded, countBoundOf) === 'ok';
}

function failureOf({ checked, samples, recorded }: CheckedCount): string {
  const [measured, bound] = [median(samples), countBoundOf(recorded)].map((of) => formatNumber(of));
  return `${checked.name}: V8 collects its whole heap ${measured} times per GiB, more than ${bound}`;
}
