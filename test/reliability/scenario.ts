/** A figure that a run has to keep to. */
export interface Bound {
  /** The figure, with its unit. */
  what: string;
  seen: number;
  /** The most that is right. Default: no upper bound. */
  most?: number;
  /** The least that is right. Default: no lower bound. */
  least?: number;
}

/** What was seen while an attack or a fault lasted. */
export interface Outcome {
  /** Connections and calls of well-behaved peers that were lost, and should not have been. */
  lost: number;
  /** What the process under test may hold beyond what it holds in peace, and what it held at most, in MiB. */
  memory?: { boundMiB: number; peakMiB: number };
  /** 99th percentile of unary calls of bystanders, in milliseconds: in peace, and under attack, in the same run. */
  p99?: { peaceMs: number; attackMs: number };
  /** Share of a core that the process under test used, in percent. */
  cpuPercent?: number;
  /** Connections of the attacker, and how many of them the process under test has cut. */
  attacker?: { connections: number; cut: number };
  /** Further figures with bounds. */
  bounds?: Bound[];
  /** What else is worth knowing, in a few words. */
  note?: string;
  /** Why there is nothing to see: the process under attack died, or something of the attack was left. */
  failure?: string;
}

/** One line of the table in docs/reliability.md. */
export interface Row extends Outcome {
  /** The attack or fault. */
  what: string;
  /** How often it was tried: frames, connections, cuts; with the unit. */
  times: string;
  /** The same on engine grpc-js. It is there for comparison: nothing in it is a fault of the run. */
  grpcJs?: Outcome;
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
