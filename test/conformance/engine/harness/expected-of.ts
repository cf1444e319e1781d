import { deviations, newNodeDeviations, type Deviation } from '../deviations/index.js';
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

const NODE = Number(process.versions.node.split('.')[0]);

/** As it is on every version of Node, whatever grpc-js does on this one at its end. */
export function onAnyNode(
  scenario: Scenario,
  pair: EnginePair,
  observed: Observation,
): Observation {
  return newNodeDeviations
    .filter(
      ({ scenarios, of, sinceNode }) =>
        NODE >= sinceNode && scenarios.test(scenario.name) && pair[of] === referencePair[of],
    )
    .reduce((observation, { formerly }) => formerly(observation), observed);
}

function shows({ of }: Deviation, { client, server }: EnginePair): boolean {
  const ours = { client: client !== referencePair.client, server: server !== referencePair.server };
  return of === 'either' ? ours.client || ours.server : ours[of];
}
