import { BlockList, isIP } from 'node:net';

/**
 * Whether the list of a variable such as `no_proxy` contains `host`. An entry is `*`, a domain (which
 * includes its subdomains; a leading dot is optional), an address, or a network in CIDR notation. Each may
 * end with `:port`.
 */
export function bypasses(list: string, host: string, port: number): boolean {
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && matches(entry, host.toLowerCase(), port));
}

function matches(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  const [, name, entryPort] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [undefined, entry];
  if (entryPort !== undefined && Number(entryPort) !== port) return false;
  const bare = name!.replace(/^\[(.*)\]$/, '$1');
  if (bare.includes('/')) return isWithin(bare, host);
  if (isIP(host)) return isWithin(bare, host);
  const domain = bare.replace(/^\*?\./, '');
  return host === domain || host.endsWith(`.${domain}`);
}

/** @param network - an address, with or without a prefix length. */
function isWithin(network: string, host: string): boolean {
  const [address = '', bits] = network.split('/');
  const family = isIP(address);
  if (family === 0 || isIP(host) === 0) return false;
  const prefix = bits === undefined ? (family === 4 ? 32 : 128) : Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > (family === 4 ? 32 : 128)) return false;
  const networks = new BlockList();
  networks.addSubnet(address, prefix, familyName(family));
  return networks.check(host, familyName(isIP(host)));
}

function familyName(family: number): 'ipv4' | 'ipv6' {
  return family === 4 ? 'ipv4' : 'ipv6';
}
