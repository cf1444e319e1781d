import type { Workload } from './workloads/index.js';

/** Milliseconds after which a quick run should have ended, counted from its start. */
const QUICK_RUN_MS = 40_000;
/** Milliseconds after which nothing new is begun. */
const LAST_START_MS = 42_000;
/** Milliseconds that orders take beside the round itself. */
const ORDERS_MS = 15;
const SHORTEST_ROUND_MS = 20;
const LONGEST_ROUND_MS = 150;

/** How long the rounds of a quick run may be, with the time that is left. */
export class TimePlan {
  /** Milliseconds that things will take which are no rounds: processes to start, and the like. */
  #reserve: number;
  #roundsLeft: number;

  /** @param roundsInAll - of all systems, those to warm up included. */
  constructor(workloads: readonly Workload[], roundsInAll: (workload: Workload) => number) {
    this.#reserve = workloads.reduce((sum, { quickRun }) => sum + (quickRun?.setupMs ?? 0), 0);
    this.#roundsLeft = workloads.reduce((sum, workload) => sum + roundsInAll(workload), 0);
  }

  get isOver(): boolean {
    return performance.now() > LAST_START_MS;
  }

  /** Milliseconds for each of the next `rounds` of `workload`, which is ready for them. */
  take({ quickRun }: Workload, rounds: number): number {
    this.#reserve -= quickRun?.setupMs ?? 0;
    const left = QUICK_RUN_MS - performance.now() - this.#reserve;
    const each = left / this.#roundsLeft - ORDERS_MS;
    this.#roundsLeft -= rounds;
    return Math.max(SHORTEST_ROUND_MS, Math.min(LONGEST_ROUND_MS, each));
  }
}
