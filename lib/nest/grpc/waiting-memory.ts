/** Bytes of messages that may wait for one other end. */
const MAX_WAITING_BYTES = 64 * 2 ** 20;

/** What the messages that wait for one other end take, of all of its calls together. */
export class WaitingMemory {
  /** Bytes that may be held. */
  readonly limit: number;
  #held = 0;

  /** @param limit - bytes. Default 64 MiB. */
  constructor(limit = MAX_WAITING_BYTES) {
    this.limit = limit;
  }

  /** Returns whether there was room for `bytes`. */
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

/** The memory for messages to the other end of a connection, of which `key` is the one object. */
export function waitingMemoryOf(key: object): WaitingMemory {
  let memory = memories.get(key);
  if (memory === undefined) {
    memory = new WaitingMemory();
    memories.set(key, memory);
  }
  return memory;
}
