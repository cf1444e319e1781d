import { readFile, writeFile } from 'node:fs/promises';

export const RECORD_FILE = 'test/bench/check/recorded-ratios.json';

const DIGITS = 3;

/** Ratios of our CPU time to the rival's, by workload. */
export type RecordedRatios = Record<string, number>;

/** Content of the file: V8 differs from one line of Node to the next, and so do the ratios. */
type RatiosByNodeMajor = Record<string, RecordedRatios>;

/** Empty if nothing was recorded on this line of Node. */
export async function readRecordedRatios(nodeMajor: string): Promise<RecordedRatios> {
  return (await readAll())[nodeMajor] ?? {};
}

/** Replaces those of `ratios` that were recorded on this line of Node, and leaves all others. */
export async function writeRecordedRatios(
  nodeMajor: string,
  ratios: RecordedRatios,
): Promise<void> {
  const all = await readAll();
  const rounded = Object.entries(ratios).map(([name, ratio]) => [
    name,
    Number(ratio.toPrecision(DIGITS)),
  ]);
  all[nodeMajor] = { ...all[nodeMajor], ...Object.fromEntries(rounded) };
  await writeFile(RECORD_FILE, `${JSON.stringify(all, undefined, 2)}\n`);
}

async function readAll(): Promise<RatiosByNodeMajor> {
  return JSON.parse(await readFile(RECORD_FILE, 'utf8')) as RatiosByNodeMajor;
}
