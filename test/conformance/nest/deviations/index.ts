import { nestMajor } from '../../../fixtures/nest/major.js';
import { deviationsOfStockClients } from './of-stock-clients.js';
import { deviationsOfStockServers } from './of-stock-servers.js';
import { deviationsOfTheBackchannel } from './of-the-backchannel.js';
import type { Deviation } from './deviation.js';

export type { Deviation } from './deviation.js';

/** All differences there are; each has a heading in `docs/parity.md`. */
export const allDeviations: readonly Deviation[] = [
  ...deviationsOfStockServers,
  ...deviationsOfStockClients,
  ...deviationsOfTheBackchannel,
];

/** Those of the Nest that the tests run on. */
export const deviations: readonly Deviation[] = allDeviations.filter(
  ({ nest }) => nest === undefined || nest === nestMajor,
);
