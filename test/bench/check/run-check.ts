import { formatNumber } from '../report/numbers.js';
import { median } from '../statistics.js';
import type { CheckCase } from './cases.js';
import { formatCheck, type CheckedCase } from './check-table.js';
import { contenderName } from './contender.js';
import { boundOf, judge, needsSample } from './judge.js';
import { readRecordedRatios, type RecordedRatios } from './recorded-ratios.js';
import { takeSamples } from './take-samples.js';

/** Milliseconds after which no group is begun: a check has two minutes, compiling included. */
const LAST_START_MS = 95_000;

/**
 * Judges the CPU time of `cases` by the recorded ratios, and prints it.
 *
 * @returns what is wrong with them; a case that was not recorded cannot fail.
 */
export async function runCheck(
  cases: readonly CheckCase[],
  nodeMajor: string,
  log: (line: string) => void,
): Promise<string[]> {
  const recorded: Partial<RecordedRatios> = await readRecordedRatios(nodeMajor);
  const samples = await takeSamples(cases, {
    needsMore: ({ name }, of) => needsSample(of, recorded[name]),
    lastStartMs: LAST_START_MS,
    log,
  });
  const results = cases.map((checked) => ({
    checked,
    samples: samples.get(checked)!,
    recorded: recorded[checked.name],
  }));
  console.log(formatCheck(results));
  if (results.some((result) => result.recorded === undefined)) {
    console.log(
      `\nNot judged: there is no record of it on Node ${nodeMajor}. ` +
        '`npm run bench -- --check --record` makes one.',
    );
  }
  return results.flatMap(failureOf);
}

function failureOf({ checked, samples, recorded }: CheckedCase): string[] {
  const { name, ours, rival } = checked;
  const verdict = judge(samples, recorded);
  if (verdict === 'unmeasured') return [`${name}: no time was left to measure it`];
  if (verdict !== 'exceeded') return [];
  const [measured, bound, before] = [median(samples), boundOf(recorded!), recorded!].map((ratio) =>
    formatNumber(ratio),
  );
  return [
    `${name}: takes ${measured} times the CPU time of ${contenderName(rival, ours)}, ` +
      `more than ${bound} (recorded: ${before})`,
  ];
}
