/** How long calls took, in milliseconds; cheap enough to note each of them. */
export class Latencies {
  #values = new Float64Array(4096);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const longer = new Float64Array(2 * this.#count);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[this.#count++] = ms;
  }

  /** In microseconds. */
  percentiles(): { p50: number; p99: number } {
    const sorted = this.#values.slice(0, this.#count).sort();
    const at = (share: number): number =>
      1000 * (sorted[Math.min(this.#count - 1, Math.floor(share * this.#count))] ?? 0);
    return { p50: at(0.5), p99: at(0.99) };
  }
}
