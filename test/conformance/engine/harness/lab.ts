import { Bench, type Setup } from './bench.js';
import type { EnginePair, Link } from './link.js';

/** Where one run of a scenario takes place: gives it what it asks for, and clears up after it. */
export class Lab {
  readonly #closing: (() => unknown)[] = [];

  constructor(
    readonly pair: EnginePair,
    readonly link: Link,
  ) {}

  async open(setup: Setup = {}): Promise<Bench> {
    const bench = await Bench.open(this.pair, this.link, setup);
    this.after(() => bench.close());
    return bench;
  }

  /** Has `close` called when the scenario is over, the last one first. */
  after(close: () => unknown): void {
    this.#closing.unshift(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0)) await close();
  }
}
