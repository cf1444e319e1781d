import { constants, PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import type { UsageReport } from '../protocol.js';

/** Counts what this process uses, from its construction on. */
export class UsageMeter {
  readonly #observer: PerformanceObserver;
  #markCompacts = 0;

  constructor() {
    this.#observer = new PerformanceObserver((list) => this.#add(list.getEntries()));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  async report(): Promise<UsageReport> {
    const { user, system } = process.cpuUsage();
    // Node makes the entry of a collection in an immediate.
    await new Promise((resolve) => setImmediate(resolve));
    this.#add(this.#observer.takeRecords());
    return { cpu: user + system, markCompacts: this.#markCompacts };
  }

  #add(collections: PerformanceEntry[]): void {
    this.#markCompacts += collections.filter(isMarkCompact).length;
  }
}

function isMarkCompact(collection: PerformanceEntry): boolean {
  const { kind } = (collection as PerformanceEntry & { detail: { kind: number } }).detail;
  return kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
