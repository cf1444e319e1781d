import type { Metric } from './workloads.js';

const GO_PREFIX = 'go-';

/** The best of the systems in JavaScript; those in Go are there to compare with. */
export function bestSystem({ measurements, better }: Metric): string | undefined {
  const sign = better === 'higher' ? -1 : 1;
  const [best] = [...measurements.values()]
    .filter(({ system }) => !system.startsWith(GO_PREFIX))
    .sort((a, b) => sign * (a.median - b.median));
  return best?.system;
}
