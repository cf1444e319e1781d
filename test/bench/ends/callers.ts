import { EventEmitter, once } from 'node:events';
import type { Caller } from './end.js';

/** How long connections may take to arrive; only failures take it. */
const PATIENCE_MS = 10_000;

/** The callers of an end, which come and go with their connections. */
export class Callers extends EventEmitter<{ add: [] }> {
  #list: Caller[] = [];

  add(caller: Caller): void {
    this.#list.push(caller);
    this.emit('add');
  }

  remove(caller: Caller): void {
    this.#list = this.#list.filter((other) => other !== caller);
  }

  /** The `count` that came first, once there are so many. */
  async first(count: number): Promise<Caller[]> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (this.#list.length < count) await once(this, 'add', { signal });
    return this.#list.slice(0, count);
  }
}
