import type { Cell } from './cell.js';

/** They have no heap of V8, so what they measure does not depend on its size. */
const STEADY_SYSTEMS = ['go-backchannel', 'go-yamux'];

/**
 * How many times the best of `cells` is better than the worst: of the quotients to Go in each cell,
 * which leave the moods of the machine out, or of the values themselves where there is no Go.
 *
 * @param cells - of one Node.
 * @returns undefined with fewer than two values, and for Go itself.
 */
export function spreadOf(
  cells: readonly Cell[],
  workload: string,
  metric: string,
  system: string,
): number | undefined {
  const steady = STEADY_SYSTEMS.find((name) =>
    cells.every((cell) => cell.value(workload, name, metric) !== undefined),
  );
  if (system === steady) return undefined;
  const values = cells.flatMap((cell) => {
    const value =
      steady === undefined
        ? cell.value(workload, system, metric)
        : cell.quotient(workload, metric, system, steady);
    return value ?? [];
  });
  return values.length < 2 ? undefined : Math.max(...values) / Math.min(...values);
}
