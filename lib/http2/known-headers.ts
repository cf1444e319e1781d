/** Headers that are kept in mind; a connection has few that come again and again. */
const MAX_NAMES = 64;
/** Characters of name and value together, up to which a header is. */
const MAX_LENGTH = 256;

/** What was found good of late, one value for each name: mostly the one that comes next. */
export class KnownHeaders {
  readonly #values = new Map<string, string>();

  has(name: string, value: string): boolean {
    return this.#values.get(name) === value;
  }

  add(name: string, value: string): void {
    if (name.length + value.length > MAX_LENGTH) return;
    // Rather than find out which are of use: those are soon back.
    if (this.#values.size >= MAX_NAMES) this.#values.clear();
    this.#values.set(name, value);
  }
}
