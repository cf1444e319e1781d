import { describe, expect, it } from 'vitest';
import { kinds } from '../../faults/ledger/attempt.js';
import { CutTrials } from '../../faults/ledger/cut-trials.js';
import { directions, Lab } from '../../faults/ledger/lab.js';
import { eventually } from '../../fixtures/nest/eventually.js';
import { watchHandles } from '../../fixtures/nest/handles.js';
import { closing } from '../../fixtures/nest/in-test.js';
import { Random } from '../../soak/random.js';

const SEED = 20261123;
/** Of each kind of call, in each direction. `every-cut.spec.ts` makes all there are. */
const TRIALS = 4;

describe.each(directions)('a connection that is made for a %s call', (direction) => {
  it.each(kinds)('may be cut at any byte: %s', { timeout: 300_000 }, async (kind) => {
    const lab = closing(await Lab.start({ lazy: true, seed: SEED }));
    const trials = new CutTrials(lab);
    const problems: string[] = [];

    for (const trial of await trials.some(kind, direction, TRIALS, new Random(SEED))) {
      problems.push(...(await trials.run(trial)).problems);
    }

    expect(problems, `seed ${SEED}`).toEqual([]);
  });
});

it(
  'connections that are cut leave no timer and no socket behind',
  { timeout: 300_000 },
  async () => {
    const handles = watchHandles();
    const lab = await Lab.start({ lazy: true, seed: SEED });
    const trials = new CutTrials(lab);
    for (const direction of directions) {
      for (const trial of await trials.some('unary', direction, 6, new Random(SEED + 1))) {
        await trials.run(trial);
      }
    }

    await lab.close();

    await eventually(handles).toEqual([]);
  },
);
