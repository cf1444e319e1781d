import type { Configuration } from '../configurations.js';
import type { Program } from '../program/step.js';
import type { Category, Cost } from './cost.js';
import { honestPrograms } from './honest.js';
import { minimise } from './minimise.js';
import { figure, PROMISES } from './promises.js';
import { fallen, Target } from './target.js';

/** Milliseconds after which nothing may be left of a connection. */
const LEFT_AFTER_MS = 10_000;
const TIMES = 3;
/** Milliseconds to look for a shorter program. */
const MINIMISE_MS = 20_000;
/** Of which together something may be left, to tell it from what V8 does. */
const CONNECTIONS = 10;

/** How long a fixed piece of work took on this machine at best. */
let bestReference = Infinity;

/** Runs programs on fresh processes, to tell finds from accidents. */
export class Verifier {
  readonly #program: URL;

  /** @param program - the module of the targets. */
  constructor(program: URL) {
    this.#program = program;
  }

  /**
   * Plays a program again on a fresh process, beside a fixed piece of work that shows how fast the machine
   * is at the time.
   *
   * @returns the least of what it cost in three times, or undefined if the promise was kept once.
   */
  async isBroken(
    configuration: Configuration,
    program: Program,
    category: Category,
  ): Promise<Cost | undefined> {
    const target = await this.#start(configuration);
    try {
      const play = (): Promise<Cost> =>
        category === 'left'
          ? playAndLook(target, program, LEFT_AFTER_MS)
          : playBeside(target, program);
      if (category === 'left') {
        const first = await playAndLook(target, program); // What code it needs is compiled.
        const soon = first.faults.length > 0 ? first : await playAndLook(target, program);
        if (soon.faults.length > 0) return soon;
        if (!(figure(category, soon) > PROMISES[category].most)) return undefined;
      }
      let least: Cost | undefined;
      for (let i = 0; i < TIMES; i += 1) {
        const cost = await play();
        if (!(figure(category, cost) > PROMISES[category].most)) return undefined;
        if (least === undefined || figure(category, cost) < figure(category, least)) least = cost;
        if (cost.faults.length > 0) return least;
      }
      return least;
    } finally {
      await target.close();
    }
  }

  /** A shorter program that still breaks the promise, mostly; `isBroken` can tell. */
  async shorten(
    configuration: Configuration,
    program: Program,
    category: Category,
  ): Promise<Program> {
    let target: Target | undefined;
    const isDear = async (candidate: Program): Promise<boolean> => {
      target ??= await this.#start(configuration);
      const cost = await playBeside(target, candidate);
      if (cost.faults.length > 0) {
        await target.close();
        target = undefined;
      }
      return figure(category, cost) > PROMISES[category].most;
    };
    try {
      return await minimise(program, isDear, MINIMISE_MS);
    } finally {
      await target?.close();
    }
  }

  async #start(configuration: Configuration): Promise<Target> {
    const target = await Target.start(configuration, this.#program);
    await target.warmUp(honestPrograms(configuration.site));
    return target;
  }
}

async function playBeside(target: Target, program: Program): Promise<Cost> {
  await target.rest();
  const before = await target.referenceWork();
  const cost = await target.play(program);
  if (cost.faults.length > 0) return cost;
  const reference = Math.min(before, await target.referenceWork());
  bestReference = Math.min(bestReference, reference);
  const slowness = reference / bestReference;
  return { ...cost, cpu: cost.cpu / slowness, block: cost.block / slowness };
}

/** Plays it on some connections, and looks at what is left of them. */
async function playAndLook(target: Target, program: Program, restMs?: number): Promise<Cost> {
  const before = await target.rest();
  let cost: Cost | undefined;
  for (let i = 0; i < CONNECTIONS; i += 1) {
    cost = await target.play(program);
    if (cost.faults.length > 0) return cost;
  }
  try {
    const { left } = await target.leftSince(before, restMs);
    return { ...cost!, left };
  } catch (error) {
    return { ...cost!, faults: [fallen(error)] };
  }
}
