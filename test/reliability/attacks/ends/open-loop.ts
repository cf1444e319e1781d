import { Metadata } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import type { EchoesStub } from './services.js';

/** Milliseconds; a call that takes longer is lost. */
const DEADLINE_MS = 10_000;
const TICK_MS = 5;
const BLOB = { data: new Uint8Array(64) };

/** What came of the calls, in milliseconds. */
export interface CallFigures {
  calls: number;
  /** Calls that failed. */
  lost: number;
  /** Why the first of them did. */
  failure: string | undefined;
  p50: number;
  p99: number;
  max: number;
}

/** Makes calls at a fixed rate, whether or not those before have been answered. */
export class OpenLoop {
  readonly #stubs: readonly EchoesStub[];
  readonly #methods: readonly (keyof EchoesStub)[];
  readonly #periodMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #latencies: number[] = [];
  readonly #pending = new Set<Promise<void>>();
  #begun = 0;
  #lost = 0;
  #failure: string | undefined;
  #dueAt = performance.now();

  /** @param methods - that are called in turn. Default: one without, and one with a call back. */
  constructor(
    stubs: readonly EchoesStub[],
    perSecond: number,
    methods: readonly (keyof EchoesStub)[] = ['echo', 'echoBack'],
  ) {
    this.#stubs = stubs;
    this.#methods = methods;
    this.#periodMs = 1000 / perSecond;
    this.#timer = setInterval(() => this.#callWhatIsDue(), TICK_MS);
  }

  /** Begins no more calls. Resolves when all have ended. */
  async end(): Promise<CallFigures> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    const sorted = this.#latencies.sort((a, b) => a - b);
    const percentile = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return {
      calls: this.#begun,
      lost: this.#lost,
      failure: this.#failure,
      p50: percentile(0.5),
      p99: percentile(0.99),
      max: percentile(1),
    };
  }

  #callWhatIsDue(): void {
    for (const now = performance.now(); this.#dueAt <= now; this.#dueAt += this.#periodMs) {
      const call = this.#call();
      this.#pending.add(call);
      void call.then(() => this.#pending.delete(call));
    }
  }

  /** Counted from when it is made: that a timer was late here is not what the other end did. */
  async #call(): Promise<void> {
    const turn = this.#begun++;
    const stub = this.#stubs[(turn >> 1) % this.#stubs.length]!;
    const method = this.#methods[turn % this.#methods.length]!;
    const startedAt = performance.now();
    try {
      const options = { deadline: Date.now() + DEADLINE_MS };
      const { data } = await firstValueFrom(stub[method](BLOB, new Metadata(), options));
      if (data.length !== BLOB.data.length) throw new Error(`${data.length} bytes came back`);
      this.#latencies.push(performance.now() - startedAt);
    } catch (error) {
      this.#lost += 1;
      this.#failure ??= `${method}: ${(error as Error).message}`;
    }
  }
}
