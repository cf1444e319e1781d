import { getHeapStatistics } from 'node:v8';

const MIB = 1024 * 1024;
const OBJECTS_PER_STEP = 10_000;

/** Several times V8's young generation: objects that outlive it are in old space. */
const GARBAGE_OBJECTS = 1_000_000;

interface LiveObject {
  id: number;
  name: string;
  numbers: number[];
  previous: LiveObject | undefined;
}

/**
 * Objects that stay alive and in old space, as those of an application do. V8 decides by their size
 * how often it collects its whole heap for bytes outside of it, and pays for each of them then.
 */
export class LiveHeap {
  static readonly #held: LiveHeap[] = [];

  #newest: LiveObject | undefined;
  #count = 0;

  constructor(mebibytes: number) {
    const end = getHeapStatistics().used_heap_size + mebibytes * MIB;
    while (getHeapStatistics().used_heap_size < end) {
      for (let i = 0; i < OBJECTS_PER_STEP; i++) this.#newest = this.#createObject();
    }
    if (mebibytes > 0) promoteYoungObjects();
  }

  /** Holds `mebibytes` until this process ends. */
  static hold(mebibytes: number): void {
    LiveHeap.#held.push(new LiveHeap(mebibytes));
  }

  get objects(): number {
    return this.#count;
  }

  #createObject(): LiveObject {
    const id = this.#count++;
    return { id, name: `object ${id}`, numbers: [id, id + 1], previous: this.#newest };
  }
}

/** Lets V8 collect its young generation, which moves objects out of it; `gc()` would do more. */
function promoteYoungObjects(): void {
  const window: object[] = new Array(1000);
  for (let i = 0; i < GARBAGE_OBJECTS; i++) window[i % window.length] = { numbers: [i, i, i, i] };
}
