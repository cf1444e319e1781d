import type { Role, Sample } from './protocol.js';

/** What a run is to do. */
export interface SoakOptions {
  connections: number;
  calls: number;
  seed: number;
  /** A folder for heap snapshots: before, half way through the calls and behind each phase. */
  snapshots?: string | undefined;
}

/** The phases, in their order. */
export type PhaseName = 'start' | 'connections' | 'calls' | 'end';

/** Both ends at one moment. */
export interface Moment {
  phase: PhaseName;
  /** Connections, or calls in both directions together, that the phase has done by now. */
  done: number;
  /** Since the phase began, samples not counted. */
  ms: number;
  ends: Record<Role, Sample>;
}

/** Everything that a run has seen. */
export interface SoakResult extends SoakOptions {
  engine: string;
  moments: Moment[];
}
