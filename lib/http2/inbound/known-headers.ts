/** Headers in the cache; a connection repeats only a few. */
const MAX_NAMES = 64;
/** Characters of name and value together; longer headers are not cached. */
const MAX_LENGTH = 256;

/** Cache of headers that were recently found valid: the last value of each name, which usually repeats. */
export class KnownHeaders {
  #values: Map<string, string> | undefined;

  has(name: string, value: string): boolean {
    return this.#values?.get(name) === value;
  }

  add(name: string, value: string): void {
    if (name.length + value.length > MAX_LENGTH) return;
    this.#values ??= new Map();
    // Clears the whole cache instead of tracking which headers are in use: those are soon added again.
    if (this.#values.size >= MAX_NAMES) this.#values.clear();
    this.#values.set(name, value);
  }
}
