import type { Entry } from '../harness/journal.js';
import type { Deviation } from './deviation.js';

/** Of grpc-js itself, by the version of Node: what it does on older ones is what ours does on all. */
export const newNodeDeviations: readonly Deviation[] = [
  {
    scenarios: /^a server stream gives its messages, then ends$/,
    of: 'server',
    sinceNode: 24,
    why: 'node:http2 closes a stream sooner, so "cancelled" comes before "close" of the same call.',
    expected: (reference) => ({
      ...reference,
      server: [...before(reference['server'], 'cancelled'), 'close', ['cancelled', 'cancelled']],
    }),
  },
];

/** The entries before the first one of this name. */
function before(entries: unknown, name: string): Entry[] {
  const all = entries as Entry[];
  return all.slice(
    0,
    all.findIndex(([first]) => first === name),
  );
}
