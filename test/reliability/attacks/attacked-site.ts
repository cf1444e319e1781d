import type { Watched } from './ends/process-watch.js';
import type { CallFigures } from './ends/open-loop.js';
import type { Tally } from './target.js';

/** What there was to see for a while. */
export interface Observation {
  memory: Watched;
  /** Milliseconds. */
  ms: number;
  calls: CallFigures & { disconnects: number };
}

/** A process that is attacked, with bystanders who call it or are called by it. */
export interface AttackedSite {
  /** Has bystanders call for as long as `meanwhile` takes, and watches. */
  observe<T>(meanwhile: () => Promise<T>): Promise<Observation & { result: T }>;
  /** @param name - of an attack, as `nameOf` gives it. */
  attack(name: string, ms: number): Promise<Tally>;
  /** @throws Error if something of an attack is left when it is over. */
  settle(): Promise<void>;
  close(): Promise<void>;
}
