/** An IPv4 address as a socket for both families gives it. */
const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Groups of 16 bits that an IPv6 address has, and those of them that name its network. */
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * What connections of `address` are counted under: an IPv4 address itself, however it is written, and
 * of an IPv6 address its network of 64 bits, within which one host may take any number of addresses.
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
