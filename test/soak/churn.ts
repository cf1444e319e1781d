import { EndPair } from './end-pair.js';
import { Random } from './random.js';
import type { ChurnOptions, ChurnResult, Moment } from './results.js';

const MINUTE_MS = 60_000;
/** One a minute in a long run, which gives half an hour of thirty points. */
const FEWEST_SAMPLES = 6;

/** Has connections come, be used and get lost for so many minutes, between two fresh processes. */
export async function churn(
  options: ChurnOptions,
  onMoment: (moment: Moment) => unknown = () => {},
): Promise<ChurnResult> {
  const pair = await EndPair.start(onMoment);
  const seeds = new Random(options.seed);
  const { minutes, share, warmUpMs = 0 } = options;
  const rounds = Math.max(FEWEST_SAMPLES, Math.round(minutes));
  const order = { do: 'churn', ms: (minutes * MINUTE_MS) / rounds, share } as const;
  try {
    const { address } = await pair.listen.order({ do: 'listen' });
    await pair.look('start');
    if (warmUpMs > 0) {
      const seed = seeds.between(0, 2 ** 32 - 1);
      await pair.dial.order({ do: 'churn', ms: warmUpMs, share: 1, address, seed });
    }
    let done = 0;
    for (let round = 1; round <= rounds; round++) {
      const seed = seeds.between(0, 2 ** 32 - 1);
      done += (await pair.dial.order({ ...order, address, seed })).connections;
      await pair.look('churn', { done, ms: order.ms * round });
      if (round === rounds >> 1 || round === rounds) {
        await pair.snapshot(options.snapshots, `churn-${done}`);
      }
    }
    await pair.look('end', { thorough: true });
    return { ...options, engine: pair.engine, moments: pair.moments };
  } finally {
    await pair.close();
  }
}
