import type { Trial } from '../time/trial.js';

/** How long an operation took at most, beside a slow peer. */
export interface Slowest {
  operation: string;
  trial: Trial;
  configuration: string;
  seed: number;
}

/** Remembers the slowest of each operation. */
export class SlowestOperations {
  readonly #slowest = new Map<string, Slowest>();

  add(candidate: Slowest): void {
    const known = this.#slowest.get(candidate.operation);
    if (known !== undefined && known.trial.tookMs >= candidate.trial.tookMs) return;
    this.#slowest.set(candidate.operation, candidate);
  }

  /** One line for each operation. */
  toString(): string {
    const lines = [...this.#slowest.values()].map(({ operation, trial, configuration, seed }) =>
      [
        operation.padEnd(38),
        `${Math.round(trial.tookMs)} ms`.padStart(9),
        `bound ${trial.boundMs} ms`.padStart(15),
        configuration.padEnd(34),
        `seed ${seed}`,
      ].join('  '),
    );
    return ['slowest operations beside slow peers', ...lines.sort()].join('\n');
  }
}
