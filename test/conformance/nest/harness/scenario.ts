import type { Run } from './run.js';

/** What was to be seen, as plain data. */
export type Observation = unknown;

/** One thing that must be the same however one application calls another. */
export interface Scenario {
  /** A sentence; unique. */
  readonly name: string;
  run(run: Run): Promise<Observation>;
  /** What is right, whichever the column. */
  readonly expected: Observation;
  /** The first major version of Nest that has what it is about; without one, all have it. */
  readonly since?: number;
}

/** Scenarios about one subject; a row of the table in `docs/parity.md`. */
export interface ScenarioGroup {
  readonly title: string;
  readonly scenarios: readonly Scenario[];
}

/** A scenario, in one line. */
export function scenario(
  name: string,
  run: Scenario['run'],
  expected: Scenario['expected'],
): Scenario {
  return { name, run, expected };
}

/** Scenarios about what Nest has since this major version. */
export function since(major: number, scenarios: readonly Scenario[]): Scenario[] {
  return scenarios.map((one) => ({ ...one, since: major }));
}
