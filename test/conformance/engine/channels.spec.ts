import { describeScenarios } from './harness/describe-scenarios.js';
import { directLink } from './harness/direct-link.js';
import { channelEnds } from './scenarios/channel-ends.js';
import { channelStates } from './scenarios/channel-states.js';
import { backpressure } from './scenarios/backpressure.js';
import { securedCalls } from './scenarios/secured.js';
import { serviceConfig } from './scenarios/service-config.js';

describeScenarios(directLink, [
  ...channelStates,
  ...channelEnds,
  ...backpressure,
  ...serviceConfig,
  ...securedCalls,
]);
