import { join } from 'node:path';
import { EndProcess } from './end-process.js';
import type { Role, Sample } from './protocol.js';
import { Random } from './random.js';
import type { Moment, PhaseName, SoakOptions, SoakResult } from './results.js';

const CALLS_IN_FLIGHT = 64;
const SAMPLES_PER_PHASE = 10;
/** In a long run there are more: one for so many connections or calls. */
const CONNECTIONS_PER_SAMPLE = 500;
const CALLS_PER_SAMPLE = 25_000;

/** Runs all phases, one after the other, on two fresh processes. */
export async function soak(
  options: SoakOptions,
  onMoment: (moment: Moment) => unknown = () => {},
): Promise<SoakResult> {
  const ends = { listen: await EndProcess.start('listen'), dial: await EndProcess.start('dial') };
  try {
    const run = new Run(ends, options, onMoment);
    await run.all();
    const engine = process.env['BACKCHANNEL_ENGINE'] || 'built-in';
    return { ...options, engine, moments: run.moments };
  } finally {
    await Promise.all([ends.listen.close(), ends.dial.close()]);
  }
}

class Run {
  readonly moments: Moment[] = [];
  readonly #ends: Record<Role, EndProcess>;
  readonly #options: SoakOptions;
  readonly #onMoment: (moment: Moment) => unknown;
  readonly #seeds: Random;

  constructor(
    ends: Record<Role, EndProcess>,
    options: SoakOptions,
    onMoment: (moment: Moment) => unknown,
  ) {
    this.#ends = ends;
    this.#options = options;
    this.#onMoment = onMoment;
    this.#seeds = new Random(options.seed);
  }

  async all(): Promise<void> {
    const { listen, dial } = this.#ends;
    const { connections, calls } = this.#options;
    const { address } = await listen.order({ do: 'listen' });
    await this.#look('start', 0, 0, 0, false);
    await this.#phase('connections', connections, CONNECTIONS_PER_SAMPLE, 0, (count) =>
      dial.order({ do: 'connections', address, count, seed: this.#seed() }),
    );
    await dial.order({ do: 'connect', address });
    await this.#phase('calls', calls, CALLS_PER_SAMPLE, 1, (count) => this.#callBothWays(count));
    await dial.order({ do: 'disconnect' });
    await this.#look('end', 0, 0, 0, true);
  }

  /** Does `work` in rounds, and looks around behind each. */
  async #phase(
    name: PhaseName,
    total: number,
    perSample: number,
    open: number,
    work: (count: number) => Promise<unknown>,
  ): Promise<void> {
    const rounds = Math.max(SAMPLES_PER_PHASE, Math.round(total / perSample));
    let done = 0;
    let ms = 0;
    for (let round = 1; round <= rounds; round++) {
      const count = Math.round((total * round) / rounds) - done;
      const startedAt = performance.now();
      await work(count);
      ms += performance.now() - startedAt;
      done += count;
      await this.#look(name, done, ms, open, false);
      if (round === rounds >> 1 || round === rounds) await this.#snapshot(`${name}-${done}`);
    }
  }

  async #callBothWays(count: number): Promise<void> {
    const forward = count >> 1;
    const inFlight = CALLS_IN_FLIGHT;
    const { listen, dial } = this.#ends;
    await Promise.all([
      dial.order({ do: 'calls', count: forward, inFlight, seed: this.#seed() }),
      listen.order({ do: 'calls', count: count - forward, inFlight, seed: this.#seed() }),
    ]);
  }

  async #look(
    phase: PhaseName,
    done: number,
    ms: number,
    connections: number,
    thorough: boolean,
  ): Promise<void> {
    const [listen, dial] = await this.#both<Sample>((end) =>
      end.order({ do: 'sample', connections, thorough }),
    );
    const moment = { phase, done, ms, ends: { listen: listen!, dial: dial! } };
    this.moments.push(moment);
    await this.#onMoment(moment);
  }

  async #snapshot(name: string): Promise<void> {
    const { snapshots } = this.#options;
    if (snapshots === undefined) return;
    await this.#both((end, role) =>
      end.order({ do: 'snapshot', file: join(snapshots, `${name}-${role}.heapsnapshot`) }),
    );
  }

  #both<T>(action: (end: EndProcess, role: Role) => Promise<T>): Promise<T[]> {
    const { listen, dial } = this.#ends;
    return Promise.all([action(listen, 'listen'), action(dial, 'dial')]);
  }

  #seed(): number {
    return this.#seeds.between(0, 2 ** 32 - 1);
  }
}
