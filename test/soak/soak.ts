import { EndPair } from './end-pair.js';
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
  const pair = await EndPair.start(onMoment);
  try {
    await new Run(pair, options).all();
    return { ...options, engine: pair.engine, moments: pair.moments };
  } finally {
    await pair.close();
  }
}

class Run {
  readonly #pair: EndPair;
  readonly #options: SoakOptions;
  readonly #seeds: Random;

  constructor(pair: EndPair, options: SoakOptions) {
    this.#pair = pair;
    this.#options = options;
    this.#seeds = new Random(options.seed);
  }

  async all(): Promise<void> {
    const { listen, dial } = this.#pair;
    const { connections, calls } = this.#options;
    const { address } = await listen.order({ do: 'listen' });
    await this.#pair.look('start');
    await this.#phase('connections', connections, CONNECTIONS_PER_SAMPLE, 0, (count) =>
      dial.order({ do: 'connections', address, count, seed: this.#seed() }),
    );
    await dial.order({ do: 'connect', address });
    await this.#phase('calls', calls, CALLS_PER_SAMPLE, 1, (count) => this.#callBothWays(count));
    await dial.order({ do: 'disconnect' });
    await this.#pair.look('end', { thorough: true });
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
      await this.#pair.look(name, { done, ms, connections: open });
      if (round === rounds >> 1 || round === rounds) {
        await this.#pair.snapshot(this.#options.snapshots, `${name}-${done}`);
      }
    }
  }

  async #callBothWays(count: number): Promise<void> {
    const forward = count >> 1;
    const inFlight = CALLS_IN_FLIGHT;
    const { listen, dial } = this.#pair;
    await Promise.all([
      dial.order({ do: 'calls', count: forward, inFlight, seed: this.#seed() }),
      listen.order({ do: 'calls', count: count - forward, inFlight, seed: this.#seed() }),
    ]);
  }

  #seed(): number {
    return this.#seeds.between(0, 2 ** 32 - 1);
  }
}
