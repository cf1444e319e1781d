import type { Target } from './target.js';

/** Something that a hostile peer does. */
export interface Attack {
  /** What it is called in the table. */
  what: string;
  /** What is counted. */
  unit: string;
  /**
   * MiB that the listening process may hold beyond what it holds in peace. Default: 48, garbage that was
   * not collected yet, and what V8 takes for it.
   */
  boundMiB?: number;
  /** Goes on until `target.isOver`. */
  run(target: Target): Promise<void>;
}
