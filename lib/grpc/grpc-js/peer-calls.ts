/**
 * The calls of one peer on a server of grpc-js. Its streams share it, so that the limit of calls holds for
 * the peer and not for each stream that it opens, as in node:http2.
 */
export class PeerCalls {
  readonly #max: number;
  #open = 0;
  /** `closed`: no handler begins any more. */
  #state: 'open' | 'closed' = 'open';

  /** @param max - calls that may be under way at once. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether handlers may begin. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** A call begins. Returns whether there is room for it. */
  begin(): boolean {
    if (this.#open >= this.#max) return false;
    this.#open += 1;
    return true;
  }

  /** A call for which there was room is over. */
  end(): void {
    this.#open -= 1;
  }

  /** No handler begins any more, of whatever call. */
  close(): void {
    this.#state = 'closed';
  }
}
