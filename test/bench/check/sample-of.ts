import { geometricMean } from '../statistics.js';

/**
 * The sample of one pass: the geometric mean of the third in the middle. A mark-compact
 * of a large heap costs more than a round, and falls into few of them.
 *
 * @param rounds - ratios of our CPU time to the rival's.
 */
export function sampleOf(rounds: readonly number[]): number {
  const trimmed = Math.floor(rounds.length / 3);
  const sorted = [...rounds].sort((a, b) => a - b);
  return geometricMean(sorted.slice(trimmed, sorted.length - trimmed));
}
