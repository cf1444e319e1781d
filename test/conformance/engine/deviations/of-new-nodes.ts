import { without } from './rewrite.js';
import type { NodeDeviation } from './deviation.js';

/** Where grpc-js differs from itself: what it does on older Nodes is what ours does on all. */
export const newNodeDeviations: readonly NodeDeviation[] = [
  {
    scenarios: /^a server stream gives its messages, then ends$/,
    of: 'server',
    sinceNode: 24,
    why: 'node:http2 closes a stream sooner: "cancelled" may come before "close" of the same call.',
    formerly: (observed) => ({
      ...observed,
      server: [
        ...without(observed['server'], 'close', 'cancelled'),
        'close',
        ['cancelled', 'cancelled'],
      ],
    }),
  },
];
