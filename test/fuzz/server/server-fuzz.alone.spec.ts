import { describe, expect, it } from 'vitest';
import { runFirstBytes, runServerFuzz } from './run-server-fuzz.js';

/** A little of `npm run fuzz:server`, from another seed each time; a failure names the one to repeat. */
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000);

describe('ListenMux, fed at random', () => {
  it('gives every connection to whom it is for, with every byte', async () => {
    await expect(runFirstBytes(1000, SEED)).resolves.toBeUndefined();
  });
});

describe('a listening side, fed with what real clients sent, tampered with', () => {
  it.each(['built-in', 'grpc-js'] as const)('goes on serving others: engine %s', async (engine) => {
    expect(await runServerFuzz(engine, 100, SEED)).toBeGreaterThan(0);
  });
});
