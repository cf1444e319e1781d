import { median } from '../statistics.js';
import type { CheckCase } from './cases.js';
import { formatCheck } from './check-table.js';
import { readRecordedRatios, RECORD_FILE, writeRecordedRatios } from './recorded-ratios.js';
import { takeSamples } from './take-samples.js';

/** More than a check takes: an error of the record is in each check after it. */
const SAMPLES = 5;

/** Measures `cases`, and writes the ratios that later checks on this line of Node judge by. */
export async function runRecord(
  cases: readonly CheckCase[],
  nodeMajor: string,
  log: (line: string) => void,
): Promise<void> {
  const before = await readRecordedRatios(nodeMajor);
  const samples = await takeSamples(cases, {
    needsMore: (_checked, of) => of.length < SAMPLES,
    log,
  });
  const ratios = [...samples].map(([{ name }, of]) => [name, median(of)] as const);
  await writeRecordedRatios(nodeMajor, Object.fromEntries(ratios));
  const results = cases.map((checked) => ({
    checked,
    samples: samples.get(checked)!,
    recorded: before[checked.name],
  }));
  console.log(formatCheck(results));
  console.log(`\n"measured" is now the record of Node ${nodeMajor} in ${RECORD_FILE}.`);
}
