import type { Random } from '../../unit/http2/hpack/random.js';

/** One thing that happens: what, and two numbers that say how, each from 0 to 65535. */
export type Step = readonly [what: number, a: number, b: number];

/** A whole session: how it is set up, and all that happens in it. Any numbers make a script. */
export interface Script {
  /** Five numbers from 0 to 65535. */
  readonly setup: readonly number[];
  readonly steps: readonly Step[];
}

export const SETUP_LENGTH = 5;
/** Kinds of steps. */
export const KINDS = 100;

/** Kinds below are of the peer or of the connection, others of the application. */
export const FIRST_APP_STEP = 66;

/** A script of `length` steps. */
export function randomScript(random: Random, length: number): Script {
  const number = (): number => random.below(65_536);
  return {
    setup: Array.from({ length: SETUP_LENGTH }, number),
    steps: Array.from({ length }, () => [random.below(KINDS), number(), number()] as const),
  };
}
