import type { Category, Cost } from '../search/cost.js';
import { figure, PROMISES, ratio } from '../search/promises.js';

/** The dearest that there was of a category. */
export interface Worst {
  category: Category;
  configuration: string;
  seed: number;
  cost: Cost;
}

/** Remembers the dearest programs of each category. */
export class WorstCosts {
  readonly #worst = new Map<string, Worst>();

  /** Returns whether it is the dearest so far of its category and engine. */
  add(engine: string, candidate: Worst): boolean {
    const key = `${engine} ${candidate.category}`;
    const known = this.#worst.get(key);
    const { category } = candidate;
    if (known && ratio(category, known.cost) >= ratio(category, candidate.cost)) return false;
    this.#worst.set(key, candidate);
    return true;
  }

  /** One line for each category and engine. */
  toString(): string {
    const lines = [...this.#worst]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, worst]) => {
        const { category, configuration, seed, cost } = worst;
        const share = ratio(category, cost);
        return [
          key.padEnd(16),
          showFigure(category, cost).padStart(14),
          `for ${cost.sent} bytes`.padStart(16),
          `${(share * 100).toFixed(0)} %`.padStart(8),
          configuration.padEnd(34),
          `seed ${seed}`,
        ].join('  ');
      });
    return ['worst ratios: % of the promise if 64 KiB were sent at that price', ...lines].join(
      '\n',
    );
  }
}

/** What it cost, with its unit. */
export function showFigure(category: Category, cost: Cost): string {
  if (cost.faults.length > 0) return 'a fault';
  const { unit } = PROMISES[category];
  const value = figure(category, cost);
  if (unit === 'bytes') return `${(value / 1024 / 1024).toFixed(1)} MiB`;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${unit}`;
}
