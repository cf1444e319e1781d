import type { Column } from './column.js';
import { startGlobalPair, type GlobalPair } from './global-pair.js';
import { startHookedPair } from './hooked-pair.js';
import { startMainPair } from './main-pair.js';
import type { Pair } from './pair.js';

/** The applications of one column that stay up for all of its scenarios. */
export interface Bench {
  readonly column: Column;
  readonly main: Pair;
  readonly global: GlobalPair;
  readonly hooked: Pair;
}

/** Starts them. */
export async function startBench(column: Column): Promise<Bench> {
  const [main, global, hooked] = await Promise.all([
    startMainPair(column),
    startGlobalPair(column),
    startHookedPair(column),
  ]);
  return { column, main, global, hooked };
}

/** Closes them. */
export async function closeBench({ main, global, hooked }: Bench): Promise<void> {
  await Promise.all([main.close(), global.close(), hooked.close()]);
}
