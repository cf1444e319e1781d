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
export const COUNT_CASES: readonly CountCase[] = LIVE_HEAPS_MIB.flatMap((liveHeapMiB) => [
  countCase('ours-yamux', liveHeapMiB),
  // Their memory is freed, so V8 has nothing to collect.
  countCase('ours-yamux-borrowed', liveHeapMiB),
]);

function countCase(system: string, liveHeapMiB: number): CountCase {
  const workload = 'mux-64KiB-x1';
  return {
    name: `${workload}, ${system}, ${liveHeapMiB} MiB`,
    ours: contender(system, workload),
    liveHeapMiB,
  };
}
