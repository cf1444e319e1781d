import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runCase } from '../fuzz/run-fuzz.js';
import { fuzzYamuxSession } from '../fuzz/yamux/run-yamux-fuzz.js';
import { KINDS, SETUP_LENGTH, type Script } from '../fuzz/yamux/script.js';
import { SessionFuzz } from '../fuzz/yamux/session-fuzz.js';

const number = fc.nat(65_535);
const script: fc.Arbitrary<Script> = fc.record({
  setup: fc.array(number, { minLength: SETUP_LENGTH, maxLength: SETUP_LENGTH }),
  steps: fc.array(fc.tuple(fc.nat(KINDS - 1), number, number), { maxLength: 300, size: 'max' }),
});

/** Seeds of `npm run fuzz` that have found something, in the library or in the model. */
const SEEDS: readonly [seed: number, what: string][] = [
  [20, 'what was put back into a stream that had been destroyed'],
  [23, 'a stream that was closed before the application had it'],
  [1221, 'a stream whose SYN waits in a full socket is not acknowledged in time'],
];

async function keepsItsPromises(one: Script): Promise<void> {
  await runCase('session', 0, () => new SessionFuzz(one).run());
}

describe('a yamux session, whatever the peer, the network and the application do', () => {
  it('HX-15 keeps the promises of the protocol and of streams', async () => {
    await fc.assert(fc.asyncProperty(script, keepsItsPromises), { numRuns: 200 });
  }, 60_000);

  it.each(SEEDS)('HX-15 keeps them with seed %i: %s', async (seed) => {
    const { sent } = await runCase('session', seed, fuzzYamuxSession);

    expect(sent).toBeGreaterThan(0);
  });
});
