import { backchannel, type Deviation } from './deviation.js';

/** Of calls that nobody dialed. */
export const deviationsOfTheBackchannel: readonly Deviation[] = [
  {
    title: 'The host of a backchannel call is "backchannel"',
    of: backchannel,
    observed: {
      'a handler is told the host that was called': { answers: ['backchannel'], end: 'complete' },
    },
  },
];
