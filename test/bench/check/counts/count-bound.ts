/** Beside large counts, and beside none: those of one build differ by a third between processes. */
const ALLOWED_TIMES = 1.5;
const ALLOWED_MORE = 3;

/** The limit for the median of a case's counts. */
export function countBoundOf(recorded: number): number {
  return ALLOWED_TIMES * recorded + ALLOWED_MORE;
}
