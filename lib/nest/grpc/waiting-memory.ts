/** Maximum bytes of messages that wait for one other end. */
const MAX_WAITING_BYTES = 64 * 2 ** 20;

/** Counts the memory of messages that wait for one other end, over all of its calls. */
export class WaitingMemory {
  /** Maximum bytes that are held. */
  readonly limit: number;
  #held = 0;

  /** @param limit - bytes. Default 64 MiB. */
  constructor(limit = MAX_WAITING_BYTES) {
    this.limit = limit;
  }

  /** Reserves `bytes`. Returns false if there is no room. */
  hold(bytes: number): boolean {
    if (bytes > 0 && this.#held + bytes > this.limit) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

const memories = new WeakMap<object, WaitingMemory>();

/** The memory for messages to the other end of a connection. `key` is an object unique to the connection. */
export function waitingMemoryOf(key: object): WaitingMemory {
  let memory = memories.get(key);
  if (memory === undefined) {
    memory = new WaitingMemory();
    memories.set(key, memory);
  }
  return memory;
}
