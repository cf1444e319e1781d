import { closingScenario } from './attacks/closing-scenario.js';
import { comparedScenarios } from './attacks/compared.js';
import { attackScenarios } from './attacks/scenarios.js';
import { badNetworksScenario } from './bad-networks.js';
import { beforeAuthorization } from './before-authorization/scenario.js';
import { headOfLine } from './head-of-line.js';
import { lockOut } from './lock-out/scenario.js';
import { manyPeers } from './many-peers.js';
import { reconnectHerd } from './reconnect-herd.js';
import type { ReliabilityScenario } from './scenario.js';

/** All that `npm run reliability` tries, in this order. */
export const SCENARIOS: readonly ReliabilityScenario[] = [
  ...attackScenarios,
  ...comparedScenarios,
  closingScenario,
  lockOut,
  badNetworksScenario,
  beforeAuthorization,
  manyPeers,
  reconnectHerd,
  headOfLine,
];
