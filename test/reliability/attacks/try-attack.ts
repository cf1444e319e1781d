import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../scenario.js';
import type { Attack } from './attack.js';
import type { AttackedSite, Observation } from './attacked-site.js';
import type { Tally } from './target.js';

const MiB = 1024 * 1024;
/** Garbage that was not collected yet, and what V8 takes for it. */
const DEFAULT_BOUND_MIB = 48;

/** Milliseconds. */
export interface Durations {
  warmUp: number;
  peace: number;
  attack: number;
}

export const FULL: Durations = { warmUp: 700, peace: 1500, attack: 2500 };
/** All attacks on the same processes: those that come later find them warm. */
export const QUICK: Durations = { warmUp: 100, peace: 300, attack: 600 };

/** An attack that is over. */
export interface Attempt {
  before: Observation;
  during: Observation;
  /** Before, during and behind the attack. */
  all: readonly Observation[];
  tally: Tally;
}

/**
 * Tries one attack between two spans of peace.
 *
 * @param act - what is done while the bystanders are watched. Default: the attack, for its duration.
 */
export async function tryAttack(
  site: AttackedSite,
  { warmUp, peace }: Durations,
  act: () => Promise<Tally>,
): Promise<Attempt> {
  await site.observe(() => sleep(warmUp));
  const before = await site.observe(() => sleep(peace));
  const during = await site.observe(act);
  await site.settle();
  const after = await site.observe(() => sleep(100));
  return { before, during, all: [before, during, after], tally: during.result };
}

/** What happened to bystanders, and to the memory of the process under attack. */
export function outcomeOf(
  { boundMiB = DEFAULT_BOUND_MIB }: Pick<Attack, 'boundMiB'>,
  { before, during, all }: Attempt,
): Outcome {
  return {
    lost: all.reduce((sum, { calls }) => sum + calls.lost + calls.disconnects, 0),
    memory: { boundMiB, peakMiB: heldBeyond(before, during) },
    p99: { peaceMs: before.calls.p99, attackMs: during.calls.p99 },
  };
}

/** Why the first call of a bystander failed, if one did. */
export function failureOf({ all }: Attempt): string[] {
  return all.flatMap(({ calls }) => calls.failure ?? []).slice(0, 1);
}

/** What the process took beyond what it took in peace, as the system sees it or as its heap does. */
function heldBeyond({ memory: before }: Observation, { memory: during }: Observation): number {
  const rss = during.rss - before.rss;
  const heap = during.heapUsed + during.external - before.heapUsed - before.external;
  return Math.max(rss, heap, 0) / MiB;
}
