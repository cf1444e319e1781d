/** One line of the table in docs/reliability.md. */
export interface Row {
  /** The attack or fault. */
  what: string;
  /** How often it was tried: frames, connections, cuts; with the unit. */
  times: string;
  /** Connections and calls of well-behaved peers that were lost, and should not have been. */
  lost: number;
  /** What the process under test may hold beyond what it holds in peace, and what it held at most, in MiB. */
  memory?: { boundMiB: number; peakMiB: number };
  /** 99th percentile of unary calls of bystanders, in milliseconds: in peace, and under attack, in the same run. */
  p99?: { peaceMs: number; attackMs: number };
  /** What else is worth knowing, in a few words. */
  note?: string;
}

/** Tries some attacks or faults on real processes, and tells what came of it. Throws if something broke. */
export interface ReliabilityScenario {
  /** By which it can be run alone: `npm run reliability -- NAME`. */
  readonly name: string;
  /** Heading of its rows. */
  readonly title: string;
  /** @param quick - whether a short run is enough: for CI. */
  run(quick: boolean): Promise<Row[]>;
}
