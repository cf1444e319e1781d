import type { Header } from './blocks.js';

/** Numbers that look random, the same ones for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** A length: mostly small, now and then up to `limit` - 1. */
  length(limit: number): number {
    return this.chance(0.9) ? this.below(Math.min(limit, 20)) : this.below(limit);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  text(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[this.below(alphabet.length)]!).join('');
  }

  latin1(length: number): string {
    return this.bytes(length).toString('latin1');
  }
}

const TOKEN = 'abcdefghijklmnopqrstuvwxyz0123456789-_.';
const VISIBLE = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');

/** Names and values that come again and again, and others that do not. */
export class RandomHeaders {
  readonly #random: Random;
  readonly #names: readonly string[];
  readonly #values: readonly string[];

  constructor(random: Random) {
    this.#random = random;
    const own = Array.from({ length: 30 }, () => this.#name(60));
    this.#names = [...own, 'x-request-id', 'authorization', 'etag', 'grpc-timeout', 'user-agent'];
    this.#values = ['', '200', ...Array.from({ length: 40 }, () => this.#value(400))];
  }

  /** A list without pseudo-headers. */
  list(maxCount: number): Header[] {
    const random = this.#random;
    return Array.from({ length: random.below(maxCount + 1) }, () => [
      random.chance(0.9) ? random.pick(this.#names) : this.#name(200),
      random.chance(0.8) ? random.pick(this.#values) : this.#value(3000),
    ]);
  }

  /** Begins with a letter: an object would not keep a number in its place. */
  #name(limit: number): string {
    const random = this.#random;
    return `n${random.text(random.length(limit), TOKEN)}`;
  }

  /** Characters that HTTP allows; every other value of some that have short codes. */
  #value(limit: number): string {
    const random = this.#random;
    return random.text(random.length(limit), random.chance(0.5) ? TOKEN : VISIBLE);
  }
}
