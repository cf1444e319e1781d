import { readFile, writeFile } from 'node:fs/promises';

export const RECORD_FILE = 'test/bench/check/recorded-ratios.json';

const DIGITS = 3;

/** What was recorded on one line of Node. */
export interface CheckRecord {
  /** The commit that was measured. */
  readonly commit: string;
  /** Ratios of our CPU time to the rival's, by workload. */
  readonly ratios: Readonly<Partial<Record<string, number>>>;
}

/** Content of the file: V8 differs from one line of Node to the next, and so do the ratios. */
type RecordsByNodeMajor = Record<string, CheckRecord>;

/** The record of this line of Node; of another line, the newest, if this one has none: without ratios. */
export async function readRecord(nodeMajor: string): Promise<CheckRecord> {
  const all = await readAll();
  const newest = Object.keys(all).sort((a, b) => Number(b) - Number(a))[0]!;
  return all[nodeMajor] ?? { commit: all[newest]!.commit, ratios: {} };
}

/** Replaces the record of this line of Node, and leaves all others. */
export async function writeRecord(
  nodeMajor: string,
  commit: string,
  ratios: ReadonlyMap<string, number>,
): Promise<void> {
  const rounded = [...ratios].map(([name, ratio]) => [name, Number(ratio.toPrecision(DIGITS))]);
  const all = {
    ...(await readAll()),
    [nodeMajor]: { commit, ratios: Object.fromEntries(rounded) },
  };
  await writeFile(RECORD_FILE, `${JSON.stringify(all, undefined, 2)}\n`);
}

async function readAll(): Promise<RecordsByNodeMajor> {
  return JSON.parse(await readFile(RECORD_FILE, 'utf8')) as RecordsByNodeMajor;
}
