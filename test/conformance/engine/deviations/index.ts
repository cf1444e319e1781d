import { clientDeviations } from './of-clients.js';
import { eitherDeviations } from './of-either.js';
import { serverDeviations } from './of-servers.js';
import type { Deviation } from './deviation.js';

export type { Deviation, NodeDeviation } from './deviation.js';
export { newNodeDeviations } from './of-new-nodes.js';

/** All differences that are meant. Whatever else differs is a fault. */
export const deviations: readonly Deviation[] = [
  ...clientDeviations,
  ...serverDeviations,
  ...eitherDeviations,
];
