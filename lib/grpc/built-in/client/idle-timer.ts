import { inRootContext } from '../../../context/index.js';
import { MAX_TIMEOUT_MS } from '../../../options/index.js';

/** Same as in grpc-js: 30 minutes, at least one second. */
const DEFAULT_IDLE_MS = 30 * 60 * 1000;
const MIN_IDLE_MS = 1000;

/** Calls `onIdle` when a channel has been unused for the idle timeout. Calls need no timer of their own. */
export class IdleTimer {
  readonly #timeoutMs: number;
  readonly #onIdle: () => void;
  #calls = 0;
  #lastActivity = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /**
   * @param timeoutMs - idle timeout in milliseconds, at least 1000; off from 2^31 - 1 on. Default 1800000.
   */
  constructor(timeoutMs = DEFAULT_IDLE_MS, onIdle: () => void) {
    this.#timeoutMs = Math.max(timeoutMs, MIN_IDLE_MS);
    this.#onIdle = onIdle;
  }

  /** Records a use of the channel other than a call. */
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
    // The root context, as the timer would otherwise retain the context of the last call.
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
