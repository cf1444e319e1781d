import type { Category } from '../search/cost.js';

/** A text of a compiled file, and what stands there instead. */
export interface Edit {
  /** Below the compiled lib/. */
  file: string;
  find: string;
  replace: string;
}

/** A mended fault that is put back. */
export interface PlantedFault {
  /** Where it has to be found. */
  category: Category | 'time';
  edits: readonly Edit[];
}

/** By name. */
export const PLANTED: Readonly<Record<string, PlantedFault>> = {};
