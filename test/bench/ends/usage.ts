import { GCProfiler } from 'node:v8';
import type { AllocationReport, MemoryReport } from '../protocol.js';

/** @param collect - needs `--expose-gc`. */
export async function memory({ collect }: { collect: boolean }): Promise<MemoryReport> {
  if (collect) await collectGarbage();
  const { rss, heapUsed } = process.memoryUsage();
  return { resident: rss, heap: heapUsed };
}

/** Finalizers of one collection release objects that only the next one frees. */
async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
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
