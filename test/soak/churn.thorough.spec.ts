import { expect, it } from 'vitest';
import { churn } from './churn.js';
import { verdictOf } from './verdict.js';

const MINUTES = 2;
const SHARE = 0.4;
/** It takes some thousand connections until all code is compiled that they may need. */
const WARM_UP_MS = 60_000;
/** Far fewer than a slow machine makes in that time. */
const FEWEST = 100;

it('peers that come, call and get lost for a while leave nothing behind, and all calls end as they should', async () => {
  const { moments } = await churn({
    minutes: MINUTES,
    share: SHARE,
    warmUpMs: WARM_UP_MS,
    seed: 1,
  });

  expect(verdictOf({ moments })).toEqual([]);
  expect(moments.at(-2)!.done).toBeGreaterThan(FEWEST);
}, 300_000);
