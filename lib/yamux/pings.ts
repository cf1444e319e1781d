import { performance } from 'node:perf_hooks';
import { YamuxError } from './errors.js';
import { YamuxFlag, YamuxFrameType, MAX_UINT32 } from './frame.js';
import type { YamuxFrameOutput } from './frame-output.js';

interface PendingPing {
  readonly sentAt: number;
  readonly timer: NodeJS.Timeout | undefined;
  resolve(roundTripMs: number): void;
  reject(error: Error): void;
}

/** Sends the pings of a session and matches the replies to them. */
export class YamuxPings {
  readonly #output: YamuxFrameOutput;
  readonly #timeoutMs: number;
  /** Created with the first ping: most sessions send none. */
  #pending: Map<number, PendingPing> | undefined;
  #nextValue = 0;

  constructor(output: YamuxFrameOutput, timeoutMs: number) {
    this.#output = output;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a ping. Resolves with the round trip in milliseconds; rejects after `timeoutMs`, unless 0. */
  send(): Promise<number> {
    const value = this.#nextValue;
    this.#nextValue = value === MAX_UINT32 ? 0 : value + 1;
    return new Promise((resolve, reject) => {
      const timer =
        this.#timeoutMs === 0
          ? undefined
          : setTimeout(() => this.#expire(value), this.#timeoutMs).unref();
      this.#pending ??= new Map();
      this.#pending.set(value, { sentAt: performance.now(), timer, resolve, reject });
      this.#output.control(YamuxFrameType.Ping, YamuxFlag.Syn, 0, value);
    });
  }

  /** Handles a reply. Returns whether a ping was waiting for it; any other reply is ignored. */
  receive(value: number): boolean {
    const ping = this.#take(value);
    ping?.resolve(performance.now() - ping.sentAt);
    return ping !== undefined;
  }

  rejectAll(error: Error): void {
    for (const value of this.#pending?.keys() ?? []) this.#take(value)?.reject(error);
  }

  #expire(value: number): void {
    this.#take(value)?.reject(
      new YamuxError(
        'ERR_YAMUX_PING_TIMEOUT',
        `the peer did not answer a ping within ${this.#timeoutMs} ms`,
      ),
    );
  }

  #take(value: number): PendingPing | undefined {
    const ping = this.#pending?.get(value);
    this.#pending?.delete(value);
    clearTimeout(ping?.timer);
    return ping;
  }
}
