import { beforeAll, expect, it } from 'vitest';
import { badNetworks, transferOver } from '../../faults/ledger/transfers.js';

const networks = badNetworks();
/** All at once, as they wait most of the time. */
const transfers = new Map<string, ReturnType<typeof transferOver>>();

beforeAll(async () => {
  for (const network of networks) transfers.set(network.name, transferOver(network));
  await Promise.allSettled(transfers.values());
}, 60_000);

it.each(networks)('streams arrive whole over a network that $name', async ({ name }) => {
  const { arrivals, connections } = await transfers.get(name)!;

  expect(arrivals).toHaveLength(4);
  for (const { arrived, expected } of arrivals) expect(arrived).toEqual(expected);
  expect(connections).toBe(1);
});
