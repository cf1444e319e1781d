import { attackScenarios } from './attacks/scenarios.js';
import { badNetworksScenario } from './bad-networks.js';
import { manyPeers } from './many-peers.js';
import type { ReliabilityScenario } from './scenario.js';

/** All that `npm run reliability` tries, in this order. */
export const SCENARIOS: readonly ReliabilityScenario[] = [
  ...attackScenarios,
  badNetworksScenario,
  manyPeers,
];
