import { deviationsOfStockClients } from './of-stock-clients.js';
import { deviationsOfStockServers } from './of-stock-servers.js';
import { deviationsOfTheBackchannel } from './of-the-backchannel.js';
import type { Deviation } from './deviation.js';

export type { Deviation } from './deviation.js';

/** All differences there are; each has a heading in `docs/parity.md`. */
export const deviations: readonly Deviation[] = [
  ...deviationsOfStockServers,
  ...deviationsOfStockClients,
  ...deviationsOfTheBackchannel,
];
