import type { Random } from '../../../unit/http2/hpack/random.js';
import { listsOf } from '../program/mutate.js';
import type { Program } from '../program/step.js';
import type { Category, Cost } from './cost.js';
import { ratio } from './promises.js';

/** Programs that are kept for each category. */
const KEPT = 12;

/** A program, with what it cost. */
export interface Entry {
  program: Program;
  cost: Cost;
  /** See `ratio`. */
  ratio: number;
  shape: string;
}

/** The dearest programs of each category, no two of the same shape. */
export class Corpus {
  readonly #entries = new Map<Category, Entry[]>();
  readonly #honest: readonly Program[];

  /** @param honest - what the search begins with. */
  constructor(honest: readonly Program[]) {
    this.#honest = honest;
  }

  /** Keeps a program for the categories in which it is among the dearest. Returns these. */
  add(program: Program, cost: Cost, categories: readonly Category[]): Category[] {
    const shape = shapeOf(program);
    return categories.filter((category) => {
      const entry = { program, cost, ratio: ratio(category, cost), shape };
      return entry.ratio > 0 && this.#keep(category, entry);
    });
  }

  /** A program to go on from: mostly a dear one. */
  pick(random: Random, categories: readonly Category[]): Program {
    const entries = this.#entries.get(random.pick(categories)) ?? [];
    if (entries.length === 0 || random.chance(0.1)) return random.pick(this.#honest);
    return entries[Math.min(random.below(entries.length), random.below(entries.length))]!.program;
  }

  /** All that is kept, and the honest ones. */
  get programs(): Program[] {
    const kept = [...this.#entries.values()].flat().map(({ program }) => program);
    return [...this.#honest, ...kept];
  }

  #keep(category: Category, entry: Entry): boolean {
    const entries = this.#entries.get(category) ?? [];
    const same = entries.findIndex(({ shape }) => shape === entry.shape);
    if (same >= 0 && entries[same]!.ratio >= entry.ratio) return false;
    if (same >= 0) entries.splice(same, 1);
    entries.push(entry);
    entries.sort((a, b) => b.ratio - a.ratio);
    const isKept = entries.indexOf(entry) < KEPT;
    entries.length = Math.min(entries.length, KEPT);
    this.#entries.set(category, entries);
    return isKept;
  }
}

/** Kinds of steps that a program has. */
export function shapeOf({ steps }: Program): string {
  const kinds = listsOf(steps)
    .flat()
    .map((step) => {
      switch (step.do) {
        case 'http2':
        case 'yamux':
          return `${step.do} ${step.type}`;
        case 'message':
          return `${step.do} ${step.compression} ${step.content.kind}`;
        case 'headers':
          return `headers ${step.fields.some(({ form }) => form === 'insert') ? 'insert' : ''}`;
        default:
          return step.do;
      }
    });
  return [...new Set(kinds)].sort().join(', ');
}
