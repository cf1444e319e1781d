import type { EngineName } from '../../../../lib/index.js';
import type { Category } from '../search/cost.js';

/** A text of a compiled file, which stands there once, and what is to stand there instead. */
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
  /** The engine that has the fault. Default: both. */
  engine?: EngineName;
  edits: readonly Edit[];
}
