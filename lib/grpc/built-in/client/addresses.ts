import type { LookupAddress } from 'node:dns';
import dns from 'node:dns/promises';
import { isIP, type NetConnectOpts } from 'node:net';

/**
 * Resolves `targets` to addresses, in the order in which to try them. Names are resolved each time, by the
 * system (`getaddrinfo`). The addresses of a name alternate between the families (RFC 8305, 4).
 *
 * @throws Error (as a rejection) of the first name that cannot be resolved.
 */
export async function lookUp<Target extends NetConnectOpts>(
  targets: readonly Target[],
): Promise<Target[]> {
  const found = await Promise.all(targets.map(addressesOf));
  return found.flat();
}

async function addressesOf<Target extends NetConnectOpts>(target: Target): Promise<Target[]> {
  if (!('port' in target) || target.host === undefined || isIP(target.host)) return [target];
  const found = await dns.lookup(target.host, { all: true });
  return inTurns(found).map(({ address }) => Object.assign({}, target, { host: address }));
}

function inTurns(found: LookupAddress[]): LookupAddress[] {
  const first = found.filter(({ family }) => family === found[0]?.family);
  const second = found.filter(({ family }) => family !== found[0]?.family);
  const pairs = first.flatMap((address, i) => [address, ...second.slice(i, i + 1)]);
  return [...pairs, ...second.slice(first.length)];
}
