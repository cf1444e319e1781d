import type { Site } from '../play/site.js';
import { headersStep, messageStep, requestFields } from '../program/phrases.js';
import type { Step } from '../program/step.js';

const CALLS = 20;
/** Of the request, which is what comes back. */
const BYTES = 2500;

/** Calls whose replies are more than what a peer takes that gives no credit. */
export function requestOfReplies(site: Site): Step[] {
  const first = site === 'agent' ? 101 : 1001;
  return [
    {
      do: 'repeat',
      times: CALLS,
      stride: 2,
      carrierStride: 0,
      steps: [
        headersStep(first, requestFields('/cost.Costs/Echo')),
        messageStep(first, { content: { kind: 'bytes', size: BYTES } }),
      ],
    },
  ];
}
