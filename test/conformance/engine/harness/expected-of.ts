import { deviations, type Deviation } from '../deviations/index.js';
import type { EnginePair } from './link.js';
import { referencePair } from './pairs.js';
import type { Observation, Scenario } from './scenario.js';

const NODE = Number(process.versions.node.split('.')[0]);

/** As the reference, but for what our engines do differently on purpose. */
export function expectedOf(
  scenario: Scenario,
  pair: EnginePair,
  reference: Observation,
): Observation {
  return changedBy(
    shownBy(scenario).filter((deviation) => shows(deviation, pair)),
    reference,
  );
}

/** As the reference, but for what grpc-js does differently on this version of Node. */
export function onAnyNode(scenario: Scenario, reference: Observation): Observation {
  return changedBy(
    shownBy(scenario).filter(({ sinceNode }) => sinceNode !== undefined),
    reference,
  );
}

function shownBy(scenario: Scenario): Deviation[] {
  return deviations.filter(
    ({ scenarios, sinceNode = 0 }) => scenarios.test(scenario.name) && NODE >= sinceNode,
  );
}

function changedBy(chosen: readonly Deviation[], reference: Observation): Observation {
  return chosen.reduce((expected, deviation) => deviation.expected(expected), reference);
}

function shows({ of }: Deviation, { client, server }: EnginePair): boolean {
  const ours = { client: client !== referencePair.client, server: server !== referencePair.server };
  return of === 'either' ? ours.client || ours.server : ours[of];
}
