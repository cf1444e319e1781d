import { plain } from './plain.js';

/** Something that happened: its name, and what came with it as plain data. */
export type Entry = string | [name: string, ...details: unknown[]];

/** How long a scenario waits for what is to happen. */
const PATIENCE_MS = 30_000;

/** What one end of a call saw, in order. */
export class Journal {
  readonly entries: Entry[] = [];
  readonly #counts = new Map<string, number>();
  #watchers: (() => void)[] = [];

  /** Writes down that `name` happened. */
  note(name: string, ...details: unknown[]): void {
    this.entries.push(details.length === 0 ? name : [name, ...details.map(plain)]);
    this.#counts.set(name, this.count(name) + 1);
    for (const watcher of this.#watchers) watcher();
  }

  /** How often `name` happened. */
  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** The entries of these names only, or of all others. */
  only(...names: string[]): Entry[] {
    return this.entries.filter((entry) => names.includes(nameOf(entry)));
  }

  without(...names: string[]): Entry[] {
    return this.entries.filter((entry) => !names.includes(nameOf(entry)));
  }

  /** Resolves once `name` has happened `times` times. */
  async when(name: string, times = 1): Promise<void> {
    await this.until(() => this.count(name) >= times, `"${name}" (${times} times)`);
  }

  /** Resolves once everything named has happened. */
  async whenAll(...names: string[]): Promise<void> {
    for (const name of names) await this.when(name);
  }

  /** @throws Error telling the whole journal if it does not come about. */
  until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        this.#watchers = this.#watchers.filter((other) => other !== watcher);
      };
      const watcher = (): void => {
        if (!condition()) return;
        leave();
        resolve();
      };
      const timer = setTimeout(() => {
        leave();
        const seen = JSON.stringify(this.entries, null, 1);
        reject(new Error(`${what} did not happen within ${PATIENCE_MS} ms, only: ${seen}`));
      }, PATIENCE_MS);
      this.#watchers.push(watcher);
    });
  }
}

function nameOf(entry: Entry): string {
  return typeof entry === 'string' ? entry : entry[0];
}
