import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { freeMemory, overwriteFreedBuffers } from '../../../lib/wire/index.js';

const SIZE = 64 * 1024;
/** Without `transfer`, memory is freed in batches of half a MiB. */
const COUNT = (512 * 1024) / SIZE;

describe.skipIf(overwriteFreedBuffers)('freeMemory', () => {
  it('frees the memory at once, or with that of the next chunks', async () => {
    freeMemory(Buffer.alloc(COUNT * SIZE));
    // Node 20 frees memory by a port, which is not closed until the turn after the next.
    await nextTurn();
    await nextTurn();
    const chunks = Array.from({ length: COUNT }, () => Buffer.alloc(SIZE));
    const before = process.memoryUsage().arrayBuffers;
    for (const chunk of chunks) freeMemory(chunk);
    expect(chunks[0]).toHaveLength(0);
    expect(process.memoryUsage().arrayBuffers).toBeLessThanOrEqual(before - SIZE);
  });
});
