import type { Measurement } from '../results.js';
import type { Metric } from './workloads.js';

const NOTHING = '–';

/** Cell of a system in a table: what it reached, or a dash if it was not measured. */
export function metricCell(
  { measurements }: Metric,
  system: string,
  format: (measurement: Measurement) => string,
): string {
  const measurement = measurements.get(system);
  return measurement ? format(measurement) : NOTHING;
}
