import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { LiveHeap } from '../../bench/ends/live-heap.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const MIB = 1024 * 1024;

function oldSpace(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')!
    .space_used_size;
}

describe('the live heap of an end', () => {
  it('is objects in old space, of the size that was asked for', () => {
    collect();
    const before = oldSpace();

    const heap = new LiveHeap(60);
    // Garbage may have reached old space on the way, before or meanwhile.
    collect();

    const grown = (oldSpace() - before) / MIB;
    expect(grown).toBeGreaterThan(50);
    expect(grown).toBeLessThan(80);
    expect(heap.objects).toBeGreaterThan(100_000);
  });

  it('is nothing without a size', () => {
    const before = getHeapStatistics().used_heap_size;

    expect(new LiveHeap(0).objects).toBe(0);
    expect(getHeapStatistics().used_heap_size - before).toBeLessThan(MIB);
  });
});
