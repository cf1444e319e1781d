import type { Lab } from './lab.js';

/** Everything that users could have observed, as plain data. */
export type Observation = Record<string, unknown>;

/** Which engines a scenario is about. The other end is then a raw peer of its own, or not there. */
export type Subject = 'both' | 'client' | 'server';

/** One thing that both engines must do alike. */
export interface Scenario {
  /** A sentence; unique. */
  readonly name: string;
  readonly subject: Subject;
  run(lab: Lab): Promise<Observation>;
  /** What the reference must have observed, at the least: an empty record shows nothing. */
  readonly expected: Observation;
}

type Run = Scenario['run'];

/** A scenario of a client and a server. */
export function scenario(name: string, run: Run, expected: Observation): Scenario {
  return { name, subject: 'both', run, expected };
}

/** A scenario of a client, with a raw server or none. */
export function clientScenario(name: string, run: Run, expected: Observation): Scenario {
  return { name, subject: 'client', run, expected };
}

/** A scenario of a server, with a raw client or none. */
export function serverScenario(name: string, run: Run, expected: Observation): Scenario {
  return { name, subject: 'server', run, expected };
}
