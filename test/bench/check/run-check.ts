import { formatNumber } from '../report/numbers.js';
import { median } from '../statistics.js';
import { besideBuild, type CheckCase } from './cases.js';
import { formatCheck, type CheckedCase } from './check-table.js';
import { contenderName } from './contender.js';
import { boundOf, judge, needsSample } from './judge.js';
import { buildIfPossible } from './recorded-build.js';
import type { CheckRecord } from './recorded-ratios.js';
import { takeSamples } from './take-samples.js';

/** Milliseconds after which no group is begun: a check has two minutes, compiling included. */
const LAST_START_MS = 95_000;

type Log = (line: string) => void;

/**
 * Judges the CPU time of `cases`, and prints it: by the recorded ratios to rivals, and where one is exceeded,
 * or none was recorded, beside the recorded commit on this machine.
 *
 * @returns what is wrong with them.
 */
export async function runCheck(
  cases: readonly CheckCase[],
  { commit, ratios }: CheckRecord,
  log: Log,
): Promise<string[]> {
  const results = await measure(
    cases.filter(({ name }) => ratios[name] !== undefined),
    ({ name }) => ratios[name]!,
    log,
  );
  if (results.length > 0) console.log(formatCheck(results));
  const passed = new Set(
    results
      .filter(({ samples, recorded }) => judge(samples, recorded) === 'ok')
      .map(({ checked }) => checked),
  );
  const doubtful = cases.filter((checked) => !passed.has(checked));
  if (doubtful.length === 0) return [];
  const build = buildIfPossible(commit, log);
  if (build === undefined) {
    console.log(`\nNot judged: ${doubtful.map(({ name }) => name).join(', ')}.`);
    return [];
  }
  console.log(`\nbeside ${build.commit}, the recorded commit, on this machine:`);
  const beside = doubtful.map((checked) => besideBuild(checked, build));
  const confirmed = await measure(beside, () => 1, log);
  console.log(formatCheck(confirmed));
  return confirmed.flatMap(failureOf);
}

/** @param boundary - the ratio that a case is judged by. */
async function measure(
  cases: readonly CheckCase[],
  boundary: (checked: CheckCase) => number,
  log: Log,
): Promise<CheckedCase[]> {
  const samples = await takeSamples(cases, {
    needsMore: (checked, of) => needsSample(of, boundary(checked)),
    lastStartMs: performance.now() + LAST_START_MS,
    log,
  });
  return cases.map((checked) => ({
    checked,
    samples: samples.get(checked)!,
    recorded: boundary(checked),
  }));
}

function failureOf({ checked, samples, recorded }: CheckedCase): string[] {
  const { name, ours, rival } = checked;
  const verdict = judge(samples, recorded);
  if (verdict === 'unmeasured') return [`${name}: no time was left to measure it`];
  if (verdict === 'ok') return [];
  const [measured, bound] = [median(samples), boundOf(recorded)].map((ratio) =>
    formatNumber(ratio),
  );
  return [
    `${name}: takes ${measured} times the CPU time of ${contenderName(rival, ours)}, ` +
      `more than ${bound}`,
  ];
}
