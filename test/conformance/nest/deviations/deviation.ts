import type { Column } from '../harness/column.js';
import type { Observation } from '../harness/scenario.js';

/** Where a column does not do what is right, or what the others do. */
export interface Deviation {
  /** A heading of `docs/parity.md`, under which users read what it means to them. */
  readonly title: string;
  /** Of what the deviation is: what all columns have in common that show it. */
  readonly of: (column: Column) => boolean;
  /** The major version of Nest that shows it; without one, all do. */
  readonly nest?: 11 | 12;
  /** Whether something does not happen: it is not waited for as long as for what must happen. */
  readonly isAbsence?: boolean;
  /** Names of the scenarios that show it, and what is to be observed in place of what they expect. */
  readonly observed: Readonly<Record<string, Observation>>;
}

/** Nest's own server is at the end that serves. */
export const stockServer = ({ name }: Column): boolean => name === 'stock';

/** Nest's own client is at the end that calls. */
export const stockClient = ({ name }: Column): boolean =>
  name === 'stock' || name.startsWith('plain clients');

/** The other end is called over the connection that it opened. */
export const backchannel = ({ listens }: Column): boolean => listens === 'calling';
