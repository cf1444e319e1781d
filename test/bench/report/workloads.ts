import type { BenchResults, Measurement } from '../results.js';
import { groupBy } from './group-by.js';

/** One metric of one workload, with what each system reached. */
export interface Metric {
  name: string;
  unit: string;
  better: Measurement['better'];
  primary: boolean;
  /** By system. */
  measurements: ReadonlyMap<string, Measurement>;
}

/** All that was measured under one workload; everything in order of first appearance. */
export interface Workload {
  name: string;
  systems: string[];
  primary: [Metric, ...Metric[]];
  secondary: Metric[];
  /** The system that the ratios refer to; absent if it was not measured. */
  baseline: string | undefined;
}

/** Sorts the measurements of a run by workload and metric. */
export function workloadsOf({ measurements }: BenchResults): Workload[] {
  const groups = groupBy(measurements, ({ workload }) => workload);
  return [...groups].map(([name, group]) => workloadOf(name, group));
}

function workloadOf(name: string, measurements: Measurement[]): Workload {
  const metrics = [...groupBy(measurements, ({ metric }) => metric).values()].map(metricOf);
  const [first, ...others] = metrics.filter(({ primary }) => primary);
  if (!first) throw new Error(`workload ${name} has no primary metric`);
  return {
    name,
    systems: [...new Set(measurements.map(({ system }) => system))],
    primary: [first, ...others],
    secondary: metrics.filter(({ primary }) => !primary),
    baseline: baselineOf(measurements),
  };
}

function metricOf(measurements: [Measurement, ...Measurement[]]): Metric {
  const { metric: name, unit, better, primary } = measurements[0];
  const bySystem = new Map(measurements.map((measurement) => [measurement.system, measurement]));
  return { name, unit, better, primary, measurements: bySystem };
}

/** Others may tie with the baseline in one metric, so it takes a ratio of 1 in all of them. */
function baselineOf(measurements: Measurement[]): string | undefined {
  const rated = measurements.filter(({ ratio }) => ratio !== undefined);
  const systems = [...groupBy(rated, ({ system }) => system)];
  return systems.find(([, own]) => own.every(({ ratio }) => ratio === 1))?.[0];
}
