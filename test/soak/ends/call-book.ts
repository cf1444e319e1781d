import { status } from '@grpc/grpc-js';
import type { CallReport } from '../protocol.js';

/** Faults that are told in words; of further ones only the number. */
const FAULTS_TOLD = 20;

/** How a call ended, as its caller was told. */
export interface Ending {
  code: status;
  details?: string;
}

/** Every call of an end: that each ends exactly once, and as it should. */
export class CallBook {
  #begun = 0;
  #ended = 0;
  #handled = 0;
  #handledToTheEnd = 0;
  #toldTwice = 0;
  #faultCount = 0;
  readonly #faults: string[] = [];
  readonly #statuses: Record<string, number> = {};
  readonly #underWay = new Set<string>();

  /** Whether any call is under way, in either direction. */
  get isBusy(): boolean {
    return this.#begun !== this.#ended || this.#handled !== this.#handledToTheEnd;
  }

  /**
   * A call is made.
   *
   * @returns what is to be told its end.
   */
  begin(what: string, expected: readonly status[]): (ending: Ending) => void {
    this.#begun += 1;
    const name = `call ${this.#begun} (${what})`;
    this.#underWay.add(name);
    return ({ code, details = '' }) => {
      if (!this.#underWay.delete(name)) return this.fault(`${name} ended twice`);
      this.#ended += 1;
      const word = status[code] ?? String(code);
      this.#statuses[word] = (this.#statuses[word] ?? 0) + 1;
      if (!expected.includes(code)) this.fault(`${name} ended with ${word}: ${details}`);
    };
  }

  /** A call came in and is handled; its `'cancelled'` event says that it is over, however it ended. */
  handle(call: { on(event: 'cancelled', listener: () => void): unknown }): void {
    this.#handled += 1;
    let isOver = false;
    call.on('cancelled', () => {
      if (isOver) this.#toldTwice += 1;
      else this.#handledToTheEnd += 1;
      isOver = true;
    });
  }

  fault(what: string): void {
    this.#faultCount += 1;
    if (this.#faults.length >= FAULTS_TOLD) return;
    this.#faults.push(what);
    // A long run is not to keep it to itself until its end.
    process.stderr.write(`${new Date().toISOString()} ${what}\n`);
  }

  report(): CallReport {
    const unended = [...this.#underWay].slice(0, FAULTS_TOLD).map((name) => `${name} did not end`);
    return {
      begun: this.#begun,
      ended: this.#ended,
      statuses: { ...this.#statuses },
      handled: this.#handled,
      handledToTheEnd: this.#handledToTheEnd,
      toldTwice: this.#toldTwice,
      faultCount: this.#faultCount + this.#underWay.size,
      faults: [...this.#faults, ...unended],
    };
  }
}
