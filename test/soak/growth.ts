import type { Role, Sample } from './protocol.js';
import { WORK, type Moment, type Work } from './results.js';
import { slope } from './slope.js';

/** How a phase grew in its second half; in the first one caches fill and code is compiled. */
export interface Growth {
  phase: Work;
  end: Role;
  /** Bytes per connection, or call, that garbage collection leaves: heap and what it owns outside. */
  inUse: number;
  /** Bytes per connection, or call, that the process holds in memory. */
  resident: number;
  /** Of those, what V8 has not taken for the heap: where native memory would leak. */
  outside: number;
  /** Connections, or calls, that this was measured over. */
  over: number;
}

export function growthOf(moments: readonly Moment[]): Growth[] {
  return WORK.flatMap((phase) => {
    const all = moments.filter((moment) => moment.phase === phase);
    if (all.length === 0) return [];
    const half = all.slice(all.length >> 1);
    return (['listen', 'dial'] as const).map((end): Growth => {
      const of = (bytes: (sample: Sample) => number): number =>
        slope(half.map(({ done, ends }) => ({ x: done, y: bytes(ends[end]) })));
      return {
        phase,
        end,
        inUse: of(({ heapUsed, external }) => heapUsed + external),
        resident: of(({ rss }) => rss),
        outside: of(({ rss, heapTotal }) => rss - heapTotal),
        over: half.at(-1)!.done - half[0]!.done,
      };
    });
  });
}
