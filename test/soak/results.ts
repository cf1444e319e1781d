import type { Role, Sample } from './protocol.js';

/** What a run is to do. */
export interface SoakOptions {
  connections: number;
  calls: number;
  seed: number;
  /** A folder for heap snapshots: before, half way through the calls and behind each phase. */
  snapshots?: string | undefined;
}

/** What a run is to do that has connections come and go. */
export interface ChurnOptions {
  minutes: number;
  /** Of one core, which each end takes at most; 1 is as fast as it goes. */
  share: number;
  /** Milliseconds of the same before it, as fast as it goes, whose growth is not judged. Default 0. */
  warmUpMs?: number;
  seed: number;
  /** A folder for heap snapshots: half way, and at the end. */
  snapshots?: string | undefined;
}

/** Phases with something to do; what is done in `churn` is whole lives of connections. */
export const WORK = ['connections', 'calls', 'churn'] as const;
export type Work = (typeof WORK)[number];

/** The phases, in their order. */
export type PhaseName = 'start' | Work | 'end';

/** Both ends at one moment. */
export interface Moment {
  phase: PhaseName;
  /** Connections, lives of such, or calls in both directions together, that the phase has done by now. */
  done: number;
  /** Since the phase began, samples not counted. */
  ms: number;
  ends: Record<Role, Sample>;
}

/** Everything that a run has seen. */
export interface Seen {
  engine: string;
  moments: Moment[];
}

export interface SoakResult extends SoakOptions, Seen {}
export interface ChurnResult extends ChurnOptions, Seen {}
