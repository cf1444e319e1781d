/** What a run of the bench leaves in `bench-results/*.json`. */
export interface BenchResults {
  /** Version of this form. */
  schema: 1;
  /** When the run ended, ISO 8601. */
  at: string;
  /** Commit that was measured; with `+` if files had been changed since. */
  commit: string;
  /** What to type to measure this again. */
  command: string;
  /** Whether it was a quick run: shorter and fewer rounds, more noise. */
  quick: boolean;
  /** MiB of live objects in each process in JavaScript; absent in results of before it was known. */
  liveHeapMiB?: number;
  machine: Machine;
  measurements: Measurement[];
  skipped: Skipped[];
}

/** What a run with several Nodes or live heaps leaves in `bench-results/*.json`. */
export interface BenchMatrix {
  /** Version of this form. */
  schema: 1;
  /** When the run ended, ISO 8601. */
  at: string;
  /** As in `BenchResults`. */
  commit: string;
  command: string;
  /** The results of each Node beside each live heap: `machine.node` and `liveHeapMiB` say which. */
  cells: BenchResults[];
}

/** The results of a file, one for each Node and live heap. */
export function cellsOf(file: BenchResults | BenchMatrix): BenchResults[] {
  return 'cells' in file ? file.cells : [file];
}

/** Where it was measured. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  os: string;
  node: string;
  /** Absent where there was no Go. */
  go?: string;
}

/** One metric of one system under one workload: median and spread of its rounds. */
export interface Measurement {
  workload: string;
  system: string;
  metric: string;
  /** Such as `calls/s`, `µs`, `MiB/s`. */
  unit: string;
  better: 'higher' | 'lower';
  /** Whether this is what the workload is about; each has one such metric, or two. */
  primary: boolean;
  median: number;
  min: number;
  max: number;
  /** Number of values that the median is of. */
  rounds: number;
  /** How many times better than the baseline's median of the same metric; absent if there is none. */
  ratio?: number;
}

/** A system that did not take part in a workload that is for it. */
export interface Skipped {
  workload: string;
  system: string;
  reason: string;
}
