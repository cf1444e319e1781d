/**
 * Counts the calls of one peer on a grpc-js server. Its streams share the count, so that the limit applies
 * to the peer; node:http2 applies it to each stream.
 */
export class PeerCalls {
  readonly #max: number;
  #open = 0;
  /** `closed`: no handler may begin. */
  #state: 'open' | 'closed' = 'open';

  /** @param max - limit of in-flight calls. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether handlers may begin. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Begins a call. Returns false if the limit is reached. */
  begin(): boolean {
    if (this.#open >= this.#max) return false;
    this.#open += 1;
    return true;
  }

  /** Ends a call that `begin()` accepted. */
  end(): void {
    this.#open -= 1;
  }

  /** Lets no handler begin any more. */
  close(): void {
    this.#state = 'closed';
  }
}
