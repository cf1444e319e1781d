import { MAX_TIMEOUT_MS } from '../../../options/index.js';

/** The deadline of a received call, with its timer. */
export class RequestDeadline {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly #timer: NodeJS.Timeout | undefined;

  /** @param timeoutMs - from the header `grpc-timeout`. A timeout longer than a timer can be never fires. */
  constructor(timeoutMs: number, onExceeded: () => void) {
    this.at = Date.now() + timeoutMs;
    if (timeoutMs <= MAX_TIMEOUT_MS) this.#timer = setTimeout(onExceeded, timeoutMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
