import { median } from '../statistics.js';

/** Times the recorded ratio that is allowed: noise stays below, a slowdown to 1.5 times does not. */
const ALLOWED = 1.3;

/** Of the three samples that the median is of. */
const MAJORITY = 2;

/** `unmeasured`: there is nothing to judge. */
export type Verdict = 'ok' | 'exceeded' | 'unmeasured';

/** The limit for the median of a case's samples. */
export function boundOf(recorded: number): number {
  return ALLOWED * recorded;
}

/**
 * @param samples - ratios of our CPU time to the rival's, one for each pass.
 * @param bound - of other samples than these.
 */
export function judge(samples: readonly number[], recorded: number, bound = boundOf): Verdict {
  if (samples.length === 0) return 'unmeasured';
  return median(samples) > bound(recorded) ? 'exceeded' : 'ok';
}

/**
 * Whether one more sample can change the verdict on three of them: two on the same side of the bound
 * decide, whatever the third would be.
 */
export function needsSample(
  samples: readonly number[],
  recorded: number,
  bound = boundOf,
): boolean {
  const above = samples.filter((sample) => sample > bound(recorded)).length;
  return Math.max(above, samples.length - above) < MAJORITY;
}

/** Whether the ratio is so far below the recorded one that the bound no longer guards it. */
export function isOutgrown(samples: readonly number[], recorded: number): boolean {
  return samples.length > 0 && ALLOWED * median(samples) < recorded;
}
