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
  /** Bytes that may come back for each one, on average. Default: they are not looked at. */
  mostReplyBytes?: number;
  /** Handlers of `Hold` that may run at once. Default: they are not looked at. */
  mostHandlers?: number;
  /** Goes on until `target.isOver`. */
  run(target: Target): Promise<void>;
}
