import { Pair } from '../pair.js';
import { ProcessPair } from '../process-pair.js';
import type { CheckCase } from './cases.js';
import type { Contender } from './contender.js';
import { sampleOf } from './sample-of.js';

const ROUND_MS = 100;

/** Milliseconds until CPU time stays where it is: while grpc-js is compiled, it takes five times as much. */
const WARM_UP_MS = 2000;
/** Milliseconds to warm up processes that have carried out another workload. */
const MORE_WARM_UP_MS = 500;

/** Cases that share processes: those of the first one serve all of them. */
export type CaseGroup = readonly [CheckCase, ...CheckCase[]];

/** Takes one sample of each case of a group: our CPU time relative to the rival's. */
export async function measureGroup(
  group: CaseGroup,
  onSample: (checked: CheckCase, sample: number, rounds: readonly number[]) => void,
): Promise<void> {
  const [{ ours, rival, liveHeapMiB }] = group;
  const start = async ({ system, workload: { variant }, build }: Contender): Promise<Pair> =>
    new Pair(system, await ProcessPair.start(system, { variant, liveHeapMiB, root: build?.root }));
  const starts = await Promise.allSettled([start(ours), start(rival)]);
  const pairs = starts.flatMap((end) => (end.status === 'fulfilled' ? end.value : []));
  try {
    const failed = starts.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
    for (const checked of group) {
      const rounds = await measureRounds(
        checked,
        pairs as [Pair, Pair],
        checked === group[0] ? WARM_UP_MS : MORE_WARM_UP_MS,
      );
      onSample(checked, sampleOf(rounds), rounds);
    }
  } finally {
    await Promise.all(pairs.map(({ processes }) => processes.close()));
  }
}

/** The ratio of each round; who comes first takes turns. */
async function measureRounds(
  { ours: { workload }, rival, rounds }: CheckCase,
  [ours, other]: [Pair, Pair],
  warmUpMs: number,
): Promise<number[]> {
  const own = (ms: number): Promise<number> => cpuOf(workload, ours, ms);
  const others = (ms: number): Promise<number> => cpuOf(rival.workload, other, ms);
  await own(warmUpMs);
  await others(warmUpMs);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = round % 2 === 1 ? await others(ROUND_MS) : undefined;
    const ownCpu = await own(ROUND_MS);
    ratios.push(ownCpu / (before ?? (await others(ROUND_MS))));
  }
  return ratios;
}

/** Of one round; microseconds for each call, message or MiB. */
async function cpuOf(workload: Contender['workload'], pair: Pair, ms: number): Promise<number> {
  await workload.prepare(pair);
  const { cpu } = await workload.round(pair, ms);
  if (cpu === undefined) throw new Error(`${workload.name} does not tell its CPU time`);
  return cpu;
}
