/** The stream that owns a close timeout. */
export interface CloseTimeoutOwner {
  /** Received bytes that the application has not read. */
  readonly readableLength: number;
  readonly destroyed: boolean;
  reset(reason: string): void;
}

/**
 * Timeout of a half-closed stream that waits for its peer. Resets the stream if the peer is silent until the
 * timeout ends, but not while the application leaves data unread.
 */
export class CloseTimeout {
  readonly #stream: CloseTimeoutOwner;
  readonly #ms: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param ms - milliseconds of silence; 0 disables the timeout. */
  constructor(stream: CloseTimeoutOwner, ms: number) {
    this.#stream = stream;
    this.#ms = ms;
  }

  /** Starts the timeout, unless it runs. */
  start(): void {
    if (this.#ms === 0) return;
    this.#timer ??= setTimeout(() => this.#onSilence(), this.#ms).unref();
  }

  /** Restarts the timeout if it runs: the peer has sent data. */
  refresh(): void {
    this.#timer?.refresh();
  }

  /** Stops the timeout. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #onSilence(): void {
    const { readableLength, destroyed } = this.#stream;
    // The application does not read, so the peer may have no credit.
    if (readableLength > 0 && !destroyed) return this.refresh();
    this.#stream.reset(`the peer did nothing on it for ${this.#ms} ms after one side had ended`);
  }
}
