import { describe, expect, it } from 'vitest';
import { runFuzz } from './run-fuzz.js';

/** A little of `npm run fuzz`, from another seed each time; a failure names the one to repeat. */
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000);

describe('HTTP/2, fed at random', () => {
  it('keeps its promises', async () => {
    const wanted = { frames: 40_000, blocks: 5000, calls: 400 };

    const done = await runFuzz({ ...wanted, seed: SEED });

    expect(done.frames).toBeGreaterThanOrEqual(wanted.frames);
    expect(done.bytes).toBeGreaterThan(0);
  });
});
