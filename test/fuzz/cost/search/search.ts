import type { Configuration } from '../configurations.js';
import { inventProgram } from '../program/invent.js';
import { mutate } from '../program/mutate.js';
import { withPlainMessages } from '../program/plain-messages.js';
import type { Program } from '../program/step.js';
import type { Site } from '../play/site.js';
import type { WorstCosts } from '../report/worst.js';
import { Random } from '../../../unit/http2/hpack/random.js';
import { Corpus, shapeOf } from './corpus.js';
import type { Category, Cost, Leftovers } from './cost.js';
import { honestPrograms } from './honest.js';
import { broken, figure } from './promises.js';
import { fallen, Target } from './target.js';
import { Verifier } from './verify.js';
import type { Left } from '../target/meter.js';

/** Programs that are new, of all. */
const INVENTED = 0.35;
/** Finds of a category on a configuration beyond which it is known to be broken. */
const MOST_FINDS = 3;
/** Connections after which the target is a fresh process. */
const CONNECTIONS_OF_A_TARGET = 2000;
/** Connections after which to look at what is left of them. */
const BATCH = 25;
/** Left of a connection, beside what V8 compiles. */
const SUSPICIOUS_BYTES = 50_000;
/** Connections that one program is tried with, of which the promise says what they may leave. */
const CONNECTIONS_OF_ONE = 10;
/** How often a connection that has left something is made again on the same process. */
const AGAIN = 3;

/** A program that was played. */
interface Played {
  program: Program;
  seed: number;
  cost: Cost;
}

/** A broken promise. */
export interface Find {
  configuration: Configuration;
  category: Category;
  program: Program;
  cost: Cost;
  seed: number;
}

/** How a search goes on, and to whom it tells what it finds. */
export interface SearchOptions {
  categories: readonly Category[];
  seed: number;
  /** The module of the targets. */
  targets: URL;
  worst: WorstCosts;
  /** More programs to begin with. */
  recorded: (site: Site) => readonly Program[];
  onFind(find: Find): void;
  /** Whether to search no further. */
  isOver(): boolean;
  /** Something was found that has to be tried again. */
  onSuspicion(configuration: Configuration, category: Category, cost: Cost): void;
}

/** Searches for programs that cost more than is promised, configuration by configuration. */
export class Search {
  readonly #options: SearchOptions;
  readonly #verifier: Verifier;
  readonly #corpora = new Map<Site, Corpus>();
  /** Kinds of programs that have been tried again, by configuration and category. */
  readonly #tried = new Map<string, Set<string>>();
  readonly #finds = new Map<string, number>();
  #seed: number;
  played = 0;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#seed = options.seed;
    this.#verifier = new Verifier(options.targets);
  }

  /** Searches on one configuration for so many milliseconds, or until `isOver`. */
  async run(configuration: Configuration, ms: number): Promise<void> {
    const until = performance.now() + ms;
    const goesOn = (): boolean => performance.now() < until && !this.#options.isOver();
    while (goesOn()) {
      const target = await Target.start(configuration, this.#options.targets);
      try {
        await target.warmUp(honestPrograms(configuration.site));
        await this.#runOn(target, goesOn);
      } finally {
        await target.close();
      }
    }
  }

  /** Until the time is over, or the process should be another one. */
  async #runOn(target: Target, goesOn: () => boolean): Promise<void> {
    const batch: Played[] = [];
    try {
      await this.#playBatches(target, batch, goesOn);
    } catch (error) {
      // It fell between two programs: by something that one of the last has left.
      await this.#findWhoKills(target.configuration, batch, fallen(error));
    }
  }

  async #playBatches(target: Target, batch: Played[], goesOn: () => boolean): Promise<void> {
    let before = await target.rest();
    for (let i = 0; i < CONNECTIONS_OF_A_TARGET; i += BATCH) {
      batch.length = 0;
      while (batch.length < BATCH && goesOn()) {
        const played = await this.#playNext(target);
        if (played.cost.faults.length > 0) return;
        batch.push(played);
      }
      if (!this.#options.categories.includes('left')) {
        before = await target.rest();
        if (!goesOn()) return;
        continue;
      }
      const { left, now } = await target.leftSince(before);
      before = now;
      if (isLeft(left)) before = await this.#findWhoLeft(target, batch);
      else if (batch.length > 0) before = await this.#lookAtOne(target, batch);
      if (!goesOn()) return;
    }
  }

  async #playNext(target: Target): Promise<Played> {
    const { configuration } = target;
    const { categories, worst } = this.#options;
    const corpus = this.#corpus(configuration.site);
    const seed = (this.#seed += 1);
    const next = this.#next(new Random(seed), corpus, configuration.site);
    const program = configuration.engine === 'grpc-js' ? withPlainMessages(next) : next;
    const cost = await target.play(program);
    this.played += 1;
    corpus.add(program, cost, categories);
    // A process that falls is looked at whatever is searched for.
    const looked =
      cost.faults.length > 0 ? [...new Set([...categories, 'left' as const])] : categories;
    const suspicious = broken(cost, looked);
    for (const category of categories) {
      // What seems to be broken has to be tried again first.
      if (!suspicious.includes(category)) {
        worst.add(configuration.engine, {
          category,
          configuration: configuration.name,
          seed,
          cost,
        });
      }
    }
    for (const category of suspicious) {
      await this.#suspect(configuration, category, program, cost, seed);
    }
    return { program, seed, cost };
  }

  async #findWhoKills(
    configuration: Configuration,
    batch: readonly Played[],
    fault: string,
  ): Promise<void> {
    for (const { program, cost, seed } of batch) {
      const fatal = { ...cost, faults: [fault] };
      await this.#suspect(configuration, 'left', program, fatal, seed);
    }
  }

  /** Something is left of a batch of connections: looks at each of them alone. */
  async #findWhoLeft(target: Target, batch: readonly Played[]): Promise<Left> {
    const { configuration } = target;
    let before = await target.rest();
    for (const { program, seed } of batch) {
      const cost = await target.play(program);
      const { left, now } = await target.leftSince(before);
      before = now;
      const candidate = { ...cost, left };
      this.#corpus(configuration.site).add(program, candidate, ['left']);
      if (isSuspicious(left) && (await this.#leavesAgain(target, program))) {
        await this.#suspect(configuration, 'left', program, candidate, seed);
        before = await target.rest();
      }
    }
    return target.rest();
  }

  /** One connection may leave less than V8 does: one program of a batch is played again and again. */
  async #lookAtOne(target: Target, batch: readonly Played[]): Promise<Left> {
    const { program, seed, cost } = new Random(this.#seed).pick(batch);
    const before = await target.rest();
    for (let i = 0; i < CONNECTIONS_OF_ONE; i += 1) await target.play(program);
    const { left, now } = await target.leftSince(before);
    const isMuch = left.bytes > CONNECTIONS_OF_ONE * SUSPICIOUS_BYTES || left.resources > 0;
    if (!isMuch) return now;
    await this.#suspect(target.configuration, 'left', program, { ...cost, left }, seed);
    return target.rest();
  }

  /** V8 leaves compiled code once, a faulty connection something each time. */
  async #leavesAgain(target: Target, program: Program): Promise<boolean> {
    for (let i = 0; i < AGAIN; i += 1) {
      const before = await target.rest();
      await target.play(program);
      if (!isSuspicious((await target.leftSince(before)).left)) return false;
    }
    return true;
  }

  #next(random: Random, corpus: Corpus, site: Site): Program {
    if (random.chance(INVENTED)) return inventProgram(random, site);
    const base = corpus.pick(random, this.#options.categories);
    return mutate(random, base, corpus.programs, site);
  }

  async #suspect(
    configuration: Configuration,
    category: Category,
    program: Program,
    cost: Cost,
    seed: number,
  ): Promise<void> {
    const place = `${configuration.name} ${category}`;
    const tried = this.#tried.get(place) ?? new Set();
    this.#tried.set(place, tried);
    const shape = `${shapeOf(program)} ${Math.floor(Math.log2(figure(category, cost)))}`;
    if (tried.has(shape) || (this.#finds.get(place) ?? 0) >= MOST_FINDS) return;
    tried.add(shape);
    this.#options.onSuspicion(configuration, category, cost);
    const again = await this.#verifier.isBroken(configuration, program, category);
    if (again === undefined) return;
    this.#finds.set(place, (this.#finds.get(place) ?? 0) + 1);
    // What is left shows slowly; there is no time to look for less of it.
    const shortest =
      category === 'left'
        ? program
        : await this.#verifier.shorten(configuration, program, category);
    const confirmed =
      shortest === program
        ? again
        : await this.#verifier.isBroken(configuration, shortest, category);
    const best =
      confirmed === undefined ? { program, cost: again } : { program: shortest, cost: confirmed };
    this.#options.worst.add(configuration.engine, {
      category,
      configuration: configuration.name,
      seed,
      cost: best.cost,
    });
    this.#options.onFind({ configuration, category, seed, ...best });
  }

  #corpus(site: Site): Corpus {
    let corpus = this.#corpora.get(site);
    if (corpus === undefined) {
      corpus = new Corpus([...honestPrograms(site), ...this.#options.recorded(site)]);
      this.#corpora.set(site, corpus);
    }
    return corpus;
  }
}

function isSuspicious({ bytes, resources }: Leftovers): boolean {
  return resources > 0 || bytes > SUSPICIOUS_BYTES;
}

function isLeft({ bytes, resources }: Leftovers): boolean {
  return resources > 0 || bytes > 2 * SUSPICIOUS_BYTES;
}
