import { contender, type Contender } from '../contender.js';

/** A workload whose collections of the whole heap are guarded. */
export interface CountCase {
  /** Under which the count is recorded: workload and live heap. */
  readonly name: string;
  readonly ours: Contender;
  readonly liveHeapMiB: number;
}

/**
 * The sizes of an application's heap where V8 goes from one mode to the other. Beside a large heap,
 * where it collects seldom, CPU time is guarded in place of counts.
 */
const LIVE_HEAPS_MIB = [0, 40];

/** Counts of streams of messages differ by a factor of five between processes of one build. */
export const COUNT_CASES: readonly CountCase[] = LIVE_HEAPS_MIB.map((liveHeapMiB) => ({
  name: `mux-64KiB-x1, ${liveHeapMiB} MiB`,
  ours: contender('ours-yamux', 'mux-64KiB-x1'),
  liveHeapMiB,
}));
