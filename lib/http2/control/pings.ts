import { performance } from 'node:perf_hooks';
import { Http2FrameType } from '../protocol/frame.js';
import type { Http2FrameOutput } from '../outbound/frame-output.js';

interface PendingPing {
  readonly sentAt: number;
  resolve(roundTripMs: number): void;
  reject(error: Error): void;
}

/** Pings of a connection that are not answered yet. */
export class Http2Pings {
  readonly #output: Http2FrameOutput;
  /** Created with the first ping: most connections send none. */
  #pending: Map<bigint, PendingPing> | undefined;
  #lastValue = 0n;

  constructor(output: Http2FrameOutput) {
    this.#output = output;
  }

  /** Sends a PING. Resolves with the round-trip time in milliseconds. */
  send(): Promise<number> {
    this.#lastValue += 1n;
    const payload = Buffer.alloc(8);
    payload.writeBigUInt64BE(this.#lastValue);
    return new Promise((resolve, reject) => {
      this.#pending ??= new Map();
      this.#pending.set(this.#lastValue, { sentAt: performance.now(), resolve, reject });
      this.#output.frame(Http2FrameType.Ping, 0, 0, payload);
    });
  }

  /** Handles an answer. Returns whether its ping was pending. */
  receive(payload: Buffer): boolean {
    const value = payload.readBigUInt64BE();
    const ping = this.#pending?.get(value);
    this.#pending?.delete(value);
    ping?.resolve(performance.now() - ping.sentAt);
    return ping !== undefined;
  }

  rejectAll(error: Error): void {
    for (const ping of this.#pending?.values() ?? []) ping.reject(error);
    this.#pending = undefined;
  }
}
