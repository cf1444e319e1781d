import { readFile, writeFile } from 'node:fs/promises';

export const RECORD_FILE = 'test/bench/check/recorded-ratios.json';

const DIGITS = 3;

/** What was recorded on one line of Node. */
export interface CheckRecord {
  /** The commit that was measured. */
  readonly commit: string;
  /** Ratios of our CPU time to the rival's, by workload. */
  readonly ratios: Readonly<Partial<Record<string, number>>>;
  /** Collections of the whole heap per GiB received, by case. */
  readonly counts: Readonly<Partial<Record<string, number>>>;
}

/** Content of the file: V8 differs from one line of Node to the next, and so do the ratios. */
type RecordsByNodeMajor = Record<string, CheckRecord>;

/** The record of this line of Node; of another line, the newest, if this one has none: without figures. */
export async function readRecord(nodeMajor: string): Promise<CheckRecord> {
  const all = await readAll();
  const newest = Object.keys(all).sort((a, b) => Number(b) - Number(a))[0]!;
  return all[nodeMajor] ?? { commit: all[newest]!.commit, ratios: {}, counts: {} };
}

/** Replaces the record of this line of Node, and leaves all others. */
export async function writeRecord(
  nodeMajor: string,
  commit: string,
  ratios: ReadonlyMap<string, number>,
  counts: ReadonlyMap<string, number>,
): Promise<void> {
  const all = {
    ...(await readAll()),
    [nodeMajor]: { commit, ratios: rounded(ratios), counts: rounded(counts) },
  };
  await writeFile(RECORD_FILE, `${JSON.stringify(all, undefined, 2)}\n`);
}

function rounded(figures: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries(
    [...figures].map(([name, figure]) => [name, Number(figure.toPrecision(DIGITS))]),
  );
}

async function readAll(): Promise<RecordsByNodeMajor> {
  return JSON.parse(await readFile(RECORD_FILE, 'utf8')) as RecordsByNodeMajor;
}
