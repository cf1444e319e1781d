import { setTimeout as sleep } from 'node:timers/promises';
import { accounts } from './accounts.js';
import { cpu } from './cpu.js';
import { decodeTime } from './decode-time.js';
import { handledCalls } from './handled-calls.js';

/** Milliseconds between two looks at the event loop. */
const TICK_MS = 2;
/** A process is quiet if it uses less than this share of so many slices in turn. */
const QUIET_SHARE = 0.25;
const QUIET_SLICES = 2;
const SLICE_MS = 3;
/** Bytes held, and for each byte that was sent, below which a full garbage collection is not worth its time. */
const LITTLE = { bytes: 500_000, times: 64 };

/** What one connection cost a process, while it was open. */
export interface OpenCost {
  /** Of processor time; of all decoding, that of the message which took longest is left out. */
  cpuMs: number;
  /** Of all decoding by protobufjs. */
  decodeMs: number;
  /** The event loop did nothing else for so long; decoding of one message is left out. */
  blockMs: number;
  /** More than before, after a garbage collection; 0 if it is little. */
  heldBytes: number;
  /** Of them, held by calls on memory accounts. */
  accountBytes: number;
  logLines: number;
  /** Calls whose handler has begun. */
  handledCalls: number;
}

/** What is there when it has ended. */
export interface Left {
  /** All that the process holds. */
  heldBytes: number;
  /** Kinds of handles, requests and timers, and how many there are. */
  resources: Record<string, number>;
  faults: string[];
}

/** Measures this process. */
export class Meter {
  readonly #logLines: () => number;
  readonly #faults: string[] = [];
  #baseline = 0;
  #linesBefore = 0;
  #cpuBefore = 0;
  #decodeBefore = 0;
  #handledBefore = 0;
  #longestDecode = 0;
  #blockMs = 0;
  #tickAt = performance.now();
  #tickCpu = cpu();
  #tickDecode = 0;

  /** @param logLines - how many there have been so far. */
  constructor(logLines: () => number) {
    this.#logLines = logLines;
    const onFault = (error: unknown): void => {
      if (this.#faults.length < 5) this.#faults.push(String((error as Error)?.stack ?? error));
    };
    process.on('unhandledRejection', onFault);
    process.on('uncaughtException', onFault);
    process.on('warning', onFault);
    setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** Takes what is held now, after a garbage collection, for what is held in peace. */
  async rest(): Promise<Left> {
    await this.#quiet(500);
    collect();
    this.#baseline = held();
    return { heldBytes: this.#baseline, ...this.left() };
  }

  /** What there is, without a look at the memory. */
  left(): Omit<Left, 'heldBytes'> {
    const resources: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) {
      resources[kind] = (resources[kind] ?? 0) + 1;
    }
    return { resources, faults: this.#faults.splice(0) };
  }

  begin(): void {
    accounts.reset();
    this.#linesBefore = this.#logLines();
    this.#decodeBefore = decodeTime.total;
    this.#handledBefore = handledCalls.count;
    decodeTime.takeLongest();
    this.#tick();
    this.#blockMs = 0;
    this.#longestDecode = 0;
    this.#cpuBefore = cpu();
  }

  /** Waits until there is nothing to do any more, or for `mostMs`. */
  async open(mostMs: number, sent: number): Promise<OpenCost> {
    await this.#quiet(mostMs);
    this.#tick();
    const cpuMs = cpu() - this.#cpuBefore - this.#longestDecode;
    const blockMs = this.#blockMs;
    return {
      cpuMs: Math.max(0, cpuMs),
      decodeMs: decodeTime.total - this.#decodeBefore,
      blockMs,
      heldBytes: this.#held(sent),
      accountBytes: accounts.held,
      logLines: this.#logLines() - this.#linesBefore,
      handledCalls: handledCalls.count - this.#handledBefore,
    };
  }

  #held(sent: number): number {
    const little = this.#baseline + LITTLE.bytes + LITTLE.times * sent;
    if (held() > little) globalThis.gc!({ type: 'minor' });
    if (held() > little) collect();
    return held() > little ? held() - this.#baseline : 0;
  }

  /** A block is no longer than the processor time that was used in it: another process may have had the core. */
  #tick(): void {
    const [now, used, decoded] = [performance.now(), cpu(), decodeTime.total];
    const longest = Math.min(decodeTime.takeLongest(), decoded - this.#tickDecode);
    this.#longestDecode = Math.max(this.#longestDecode, longest);
    const block = Math.min(now - this.#tickAt, used - this.#tickCpu) - longest;
    this.#blockMs = Math.max(this.#blockMs, block);
    [this.#tickAt, this.#tickCpu, this.#tickDecode] = [now, used, decoded];
  }

  async #quiet(mostMs: number): Promise<void> {
    const until = performance.now() + mostMs;
    let slices = 0;
    while (slices < QUIET_SLICES && performance.now() < until) {
      const [startedAt, before] = [performance.now(), cpu()];
      await sleep(SLICE_MS);
      const share = (cpu() - before) / (performance.now() - startedAt);
      slices = share < QUIET_SHARE ? slices + 1 : 0;
    }
    this.#tick();
  }
}

/** Buffers that one collection finds dead may still be counted until the next begins. */
function collect(): void {
  globalThis.gc!();
  globalThis.gc!();
}

function held(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
