import { formatNumber } from '../report/numbers.js';
import { describeCommit } from '../machine.js';
import { median } from '../statistics.js';
import type { CheckCase } from './cases.js';
import { takeCounts, type CountCase } from './counts/index.js';
import { RECORD_FILE, writeRecord } from './recorded-ratios.js';
import { takeSamples } from './take-samples.js';

/** More than a check takes: an error of the record is in each check after it. */
const SAMPLES = 5;

/**
 * Measures `cases` and `countCases`, and writes the ratios and counts that later checks on this line of Node judge by.
 *
 * @throws Error if there are changes without a commit: the record names the commit that it measured.
 */
export async function runRecord(
  cases: readonly CheckCase[],
  countCases: readonly CountCase[],
  nodeMajor: string,
  log: (line: string) => void,
): Promise<void> {
  const commit = describeCommit('full');
  if (commit.endsWith('+')) throw new Error('commit first: a record names the commit it measured');
  const samples = await takeSamples(cases, {
    needsMore: (_checked, of) => of.length < SAMPLES,
    log,
  });
  const ratios = new Map([...samples].map(([{ name }, of]) => [name, median(of)]));
  const counts = new Map<string, number>();
  for (const checked of countCases) {
    counts.set(checked.name, median(await takeCounts(checked, SAMPLES, log)));
  }
  await writeRecord(nodeMajor, commit, ratios, counts);
  for (const [name, figure] of [...ratios, ...counts]) {
    console.log(`${name}  ${formatNumber(figure)}`);
  }
  console.log(`\nThat is the record of Node ${nodeMajor} in ${RECORD_FILE} now.`);
}
