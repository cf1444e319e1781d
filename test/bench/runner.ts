import type { RecordedBuild } from './check/recorded-build.js';
import { Pair } from './pair.js';
import { ProcessPair } from './process-pair.js';
import type { Measurement, Skipped } from './results.js';
import { median } from './statistics.js';
import { isOurs, type System } from './systems.js';
import type { Values, Workload } from './workloads/index.js';

/**
 * CPU time that processes have to use in their warm-up, as a share of its duration. It is less than
 * both use on an idle machine; on a busy one they need longer until their code is compiled.
 */
const WARM_UP_SHARE = 0.6;
const MOST_WARM_UPS = 10;

/** How a run is carried out. */
export interface RunnerSettings {
  systems: readonly System[];
  /** How many rounds of `workload`. */
  roundsOf(workload: Workload): number;
  /** Milliseconds that each of the next `rounds` may take. */
  msOf(workload: Workload, rounds: number): number;
  /** Milliseconds that new processes are warmed up for: JavaScript is slow at first. */
  warmUpMs: number;
  /** Whether processes serve all workloads; they are new for each otherwise. */
  keepProcesses: boolean;
  /** MiB of live objects in each process in JavaScript. */
  liveHeapMiB: number;
  /** The Node that runs processes in JavaScript. */
  node: string;
  /** The compiled checkout whose library is measured; by default this one. */
  build?: RecordedBuild | undefined;
  goPeer: string | undefined;
  /** Called in place of a simple round. */
  onRound?(workload: Workload, pair: Pair, round: () => Promise<Values>): Promise<Values>;
  log(line: string): void;
}

/** Measures workload after workload, the systems of each in turn, round by round. */
export class Runner {
  readonly measurements: Measurement[] = [];
  readonly skipped: Skipped[] = [];
  /** What went wrong with systems that are not known to be fragile; the rest went on without them. */
  readonly failures: string[] = [];
  readonly #settings: RunnerSettings;
  readonly #warm = new Set<string | undefined>();
  readonly #processes = new Map<string, Promise<ProcessPair>>();

  constructor(settings: RunnerSettings) {
    this.#settings = settings;
  }

  /** The systems that are to do `workload`. */
  systemsOf(workload: Workload): System[] {
    return this.#settings.systems.filter(({ name }) => workload.systems.includes(name));
  }

  /** Rounds of all systems together. */
  roundsInAll(workload: Workload): number {
    return this.#settings.roundsOf(workload) * this.systemsOf(workload).length;
  }

  async run(workload: Workload): Promise<void> {
    const { keepProcesses, log, roundsOf, msOf } = this.#settings;
    const start = performance.now();
    const rounds = roundsOf(workload);
    const values = new Map(this.systemsOf(workload).map((system) => [system, [] as Values[]]));

    await this.#prepare(workload, values);
    const ms = msOf(workload, this.roundsInAll(workload));
    await this.#warmUp(workload, values);
    for (let round = 0; round < rounds; round++) {
      await this.#each(workload, values, round, async (system) => {
        values.get(system)!.push(await this.#round(workload, system, round, ms));
      });
    }
    this.#record(workload, values, rounds);
    if (!keepProcesses || workload.variant !== undefined) {
      await Promise.all(this.systemsOf(workload).map((system) => this.#drop(workload, system)));
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    log(`${workload.name}: ${rounds} rounds of ${Math.round(ms)} ms, ${seconds} s in all`);
  }

  /** Leaves `workload` out. */
  skip(workload: Workload, reason: string): void {
    for (const { name } of this.systemsOf(workload)) {
      this.skipped.push({ workload: workload.name, system: name, reason });
    }
  }

  async close(): Promise<void> {
    const all = [...this.#processes.values()];
    this.#processes.clear();
    await Promise.allSettled(all.map(async (pair) => (await pair).close()));
  }

  /** Has all processes started at once, and connected. */
  async #prepare(workload: Workload, values: Map<System, Values[]>): Promise<void> {
    await Promise.allSettled([...values.keys()].map((system) => this.#pairOf(workload, system)));
    await this.#each(workload, values, 0, async (system) => {
      await workload.prepare(await this.#pairOf(workload, system));
    });
  }

  /** Processes that are kept are warmed up by the first workload, and by all that they do. */
  async #warmUp(workload: Workload, values: Map<System, Values[]>): Promise<void> {
    const { freshProcesses, needsNoWarmUp, variant } = workload;
    if (freshProcesses || needsNoWarmUp) return;
    if (this.#settings.keepProcesses && this.#warm.has(variant)) return;
    this.#warm.add(variant);
    await this.#each(workload, values, 0, async (system) => {
      const pair = await this.#pairOf(workload, system);
      const start = await pair.processes.cpu();
      for (let turn = 0; turn < MOST_WARM_UPS; turn++) {
        await workload.round(pair, this.#settings.warmUpMs);
        const used = ((await pair.processes.cpu()) - start) / 1000;
        if (used >= WARM_UP_SHARE * this.#settings.warmUpMs) return;
      }
    });
  }

  /**
   * Takes a step with each system that is still there, beginning with another one each turn. One that
   * fails is left out from then on.
   */
  async #each(
    workload: Workload,
    values: Map<System, Values[]>,
    turn: number,
    step: (system: System) => Promise<void>,
  ): Promise<void> {
    for (const system of rotated([...values.keys()], turn)) {
      try {
        await step(system);
      } catch (error) {
        values.delete(system);
        await this.#fail(workload, system, error as Error);
      }
    }
  }

  async #fail(workload: Workload, system: System, { message }: Error): Promise<void> {
    const reason = message.split('\n')[0]!;
    this.skipped.push({ workload: workload.name, system: system.name, reason });
    if (!system.fragile) this.failures.push(`${workload.name}, ${system.name}: ${message}`);
    await this.#drop(workload, system).catch(() => {}); // Of one that never started nothing is left.
  }

  async #round(workload: Workload, system: System, round: number, ms: number): Promise<Values> {
    if (workload.freshProcesses && round > 0) await this.#drop(workload, system);
    const pair = await this.#pairOf(workload, system);
    await workload.prepare(pair);
    const { onRound } = this.#settings;
    return onRound
      ? onRound(workload, pair, () => workload.round(pair, ms))
      : workload.round(pair, ms);
  }

  async #pairOf(workload: Workload, system: System): Promise<Pair> {
    const key = this.#keyOf(workload, system);
    let processes = this.#processes.get(key);
    if (processes === undefined) {
      const { liveHeapMiB, node, build, goPeer } = this.#settings;
      processes = ProcessPair.start(system, {
        variant: workload.variant,
        liveHeapMiB,
        node,
        goPeer,
        root: isOurs(system) ? build?.root : undefined,
      });
      this.#processes.set(key, processes);
    }
    return new Pair(system, await processes);
  }

  async #drop(workload: Workload, system: System): Promise<void> {
    const key = this.#keyOf(workload, system);
    const processes = this.#processes.get(key);
    this.#processes.delete(key);
    await (await processes)?.close();
  }

  #keyOf({ variant = '' }: Workload, { name, processes = name }: System): string {
    return `${variant}/${this.#settings.keepProcesses ? processes : name}`;
  }

  #record(workload: Workload, values: ReadonlyMap<System, Values[]>, rounds: number): void {
    for (const metric of workload.metrics) {
      const numbersOf = (of: Values[] = []): number[] =>
        of.flatMap((value) => value[metric.metric] ?? []);
      const baseline = numbersOf([...values].find(([{ name }]) => name === workload.baseline)?.[1]);
      const reference = baseline.length > 0 ? median(baseline) : 0;
      for (const [system, of] of values) {
        const numbers = numbersOf(of);
        if (numbers.length === 0) continue; // The system has no such thing.
        const middle = median(numbers);
        this.measurements.push({
          workload: workload.name,
          system: system.name,
          ...metric,
          median: middle,
          min: Math.min(...numbers),
          max: Math.max(...numbers),
          rounds,
          ...(reference > 0 && middle > 0 && { ratio: ratio(metric.better, middle, reference) }),
        });
      }
    }
  }
}

/** Above 1 is better. */
function ratio(better: Measurement['better'], value: number, reference: number): number {
  return better === 'higher' ? value / reference : reference / value;
}

/** Nobody always comes first. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const start = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
