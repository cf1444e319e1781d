import type { Measurement } from '../results.js';
import type { Pair } from '../pair.js';

/** What a quick run changes about a workload. */
export interface QuickRun {
  /** Rounds, where they are costly. */
  rounds?: number;
  /** Milliseconds that are gone before the rounds begin: processes to start, connections to make. */
  setupMs?: number;
}

/** Something that is measured, and how. */
export interface Metric extends Pick<Measurement, 'metric' | 'unit' | 'better' | 'primary'> {}

/** The values of one round, by metric; undefined where a system has no such thing. */
export type Values = Record<string, number | undefined>;

/** Name of the value that says how many bytes of payload the receiver got; no metric of its own. */
export const RECEIVED = 'received';

/** What systems are made to do, one round at a time. */
export interface Workload {
  readonly name: string;
  /** Names of the systems that can do it. */
  readonly systems: readonly string[];
  /** The one that ratios are to. */
  readonly baseline: string;
  readonly metrics: readonly Metric[];
  /** Which variant of the systems: `nest` behind Nest. */
  readonly variant?: string;
  /** Whether each round needs processes that have done nothing yet; in a quick run they are shared. */
  readonly freshProcesses?: boolean;
  /** Whether it makes no difference how warm the processes are. */
  readonly needsNoWarmUp?: boolean;
  /** Rounds, where those of the others take too long. */
  readonly rounds?: number;
  /** Milliseconds of a round, where that of the others is too short. */
  readonly roundMs?: number;
  /** How a quick run does it. */
  readonly quickRun?: QuickRun;
  /** Brings both ends to where rounds can begin; called before each, and cheap when nothing is to do. */
  prepare(pair: Pair): Promise<void>;
  /** @param ms - how long it may take; a hint, for work that is not a loop. */
  round(pair: Pair, ms: number): Promise<Values>;
}

/** Of both processes together. */
export const ALLOCATED_PER_CALL: Metric = {
  metric: 'allocated',
  unit: 'bytes/call',
  better: 'lower',
  primary: false,
};

export const ALL_GRPC: readonly string[] = [
  'grpc-js-plain',
  'ours-forward',
  'ours-backchannel',
  'ours-plain',
  'bidi-stream',
  'yamux-js',
  'go-plain',
  'go-backchannel',
];

export const GRPC_BASELINE = 'grpc-js-plain';
