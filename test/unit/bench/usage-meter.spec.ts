import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { UsageMeter } from '../../bench/ends/usage-meter.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;

describe('the usage of a process', () => {
  it('counts the collections of the whole heap, at once and no others', async () => {
    const meter = new UsageMeter();
    const before = await meter.report();

    collect();
    collect({ type: 'minor' });
    collect();
    const after = await meter.report();

    expect(after.markCompacts! - before.markCompacts!).toBe(2);
    expect(after.cpu).toBeGreaterThan(before.cpu);
  });
});
