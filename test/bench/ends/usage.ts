import { GCProfiler } from 'node:v8';
import type { AllocationReport, MemoryReport, UsageReport } from '../protocol.js';

export function usage(): UsageReport {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system };
}

/** Needs `--expose-gc`. */
export async function memory(): Promise<MemoryReport> {
  // What finalizers of the first collection let go, the second one takes.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { resident: process.memoryUsage.rss() };
}

/**
 * Counts what is allocated, on the heap and outside of it: V8 keeps no such counter, but reports how
 * much was in use before and after each collection.
 */
export class Allocations {
  readonly #profiler = new GCProfiler();
  #atStart = 0;

  start(): void {
    this.#atStart = inUse();
    this.#profiler.start();
  }

  stop(): AllocationReport {
    const { statistics } = this.#profiler.stop();
    let allocated = 0;
    let last = this.#atStart;
    for (const { beforeGC, afterGC } of statistics) {
      allocated += used(beforeGC) - last;
      last = used(afterGC);
    }
    return { bytes: Math.max(0, allocated + inUse() - last) };
  }
}

interface CollectionMoment {
  heapStatistics: { usedHeapSize: number; externalMemory: number };
}

function used({ heapStatistics }: CollectionMoment): number {
  return heapStatistics.usedHeapSize + heapStatistics.externalMemory;
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
