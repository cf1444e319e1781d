import { beforeAll, describe, expect, it } from 'vitest';
import type { SoakResult } from './results.js';
import { soak } from './soak.js';
import { verdictOf } from './verdict.js';

const CONNECTIONS = 300;
const CALLS = 20_000;

let result: SoakResult;

beforeAll(async () => {
  result = await soak({ connections: CONNECTIONS, calls: CALLS, seed: 1 });
}, 600_000);

describe('a short soak of both directions over multiplexed connections', () => {
  it('ends every call exactly once with a status that it may have, and leaves nothing behind', () => {
    expect(verdictOf(result)).toEqual([]);
  });

  it('makes all the calls that it was to make', () => {
    const { listen, dial } = result.moments.at(-1)!.ends;
    // Two calls forward and one back open each connection, and a call forward opens the last one, too.
    expect(listen.calls.ended + dial.calls.ended).toBeGreaterThanOrEqual(CALLS + 3 * CONNECTIONS);
  });
});
