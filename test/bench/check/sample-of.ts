import { geometricMean } from '../statistics.js';

/** Rounds on either side that do not count. */
const TRIMMED = 2;

/**
 * What the rounds of one pass come to: the geometric mean of those in the middle. A mark-compact of a
 * large heap costs more than a round, and falls into one or two of them.
 *
 * @param rounds - ratios of our CPU time to the rival's, more than four.
 */
export function sampleOf(rounds: readonly number[]): number {
  return geometricMean([...rounds].sort((a, b) => a - b).slice(TRIMMED, -TRIMMED));
}
