import { deviations, type Deviation } from '../deviations/index.js';
import type { EnginePair } from './link.js';
import { referencePair } from './pairs.js';
import type { Observation, Scenario } from './scenario.js';

/** As the reference, but for what our engines do differently on purpose. */
export function expectedOf(
  scenario: Scenario,
  pair: EnginePair,
  reference: Observation,
): Observation {
  return deviations
    .filter((deviation) => deviation.scenarios.test(scenario.name) && shows(deviation, pair))
    .reduce((expected, deviation) => deviation.expected(expected), reference);
}

function shows({ of }: Deviation, { client, server }: EnginePair): boolean {
  const ours = { client: client !== referencePair.client, server: server !== referencePair.server };
  return of === 'either' ? ours.client || ours.server : ours[of];
}
