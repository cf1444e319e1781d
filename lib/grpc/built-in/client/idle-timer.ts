import { inRootContext } from '../../../context/index.js';
import { MAX_TIMEOUT_MS } from '../../../options/index.js';

/** As grpc-js: half an hour, and a second at least. */
const DEFAULT_IDLE_MS = 30 * 60 * 1000;
const MIN_IDLE_MS = 1000;

/** Tells when nothing has happened on a channel for long. Costs a call no timer of its own. */
export class IdleTimer {
  readonly #timeoutMs: number;
  readonly #onIdle: () => void;
  #calls = 0;
  #lastActivity = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param timeoutMs - milliseconds without a call; never idle from 2^31 - 1 on. */
  constructor(timeoutMs = DEFAULT_IDLE_MS, onIdle: () => void) {
    this.#timeoutMs = Math.max(timeoutMs, MIN_IDLE_MS);
    this.#onIdle = onIdle;
  }

  /** Something else than a call has used the channel. */
  touch(): void {
    this.#lastActivity = Date.now();
    this.#start(this.#timeoutMs);
  }

  callStarted(): void {
    this.#calls += 1;
  }

  callEnded(): void {
    this.#calls -= 1;
    if (this.#calls === 0) this.touch();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #start(ms: number): void {
    if (this.#timer !== undefined || this.#stopped || this.#timeoutMs >= MAX_TIMEOUT_MS) return;
    // It would keep the context of the call that has just ended for as long as the channel is idle.
    this.#timer = inRootContext(() => setTimeout(() => this.#look(), ms).unref());
  }

  #look(): void {
    this.#timer = undefined;
    const left = this.#lastActivity + this.#timeoutMs - Date.now();
    if (this.#calls > 0) this.#start(this.#timeoutMs);
    else if (left > 0) this.#start(left);
    else this.#onIdle();
  }
}
