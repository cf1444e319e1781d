/** An IPv4-mapped IPv6 address, as a dual-stack socket reports it. */
const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Number of 16-bit groups in an IPv6 address, and in the prefix of its network. */
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * The key under which connections of `address` are counted: an IPv4 address itself (plain or
 * IPv4-mapped), or the /64 network of an IPv6 address, in which one host may use any number of addresses.
 */
export function addressGroup(address: string): string {
  const mapped = MAPPED_IPV4.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const start = groupsOf(head);
  if (tail === undefined) return networkOf(start);
  const end = groupsOf(tail);
  const missing = Math.max(0, GROUPS - start.length - end.length);
  return networkOf([...start, ...Array<string>(missing).fill('0'), ...end]);
}

function groupsOf(part: string): string[] {
  return part === '' ? [] : part.split(':');
}

function networkOf(groups: readonly string[]): string {
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
