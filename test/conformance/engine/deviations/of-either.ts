import { status } from '@grpc/grpc-js';
import type { Deviation } from './deviation.js';

/** Of our engine at one of the ends, whichever. */
export const eitherDeviations: readonly Deviation[] = [
  {
    scenarios: /^forceShutdown ends a call under way/,
    of: 'either',
    why: 'Between two of grpc-js it is CANCELLED, as if the caller had done it; it may try again.',
    expected: (reference) => ({ ...reference, codes: [status.UNAVAILABLE] }),
  },
];
