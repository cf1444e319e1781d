import { callbackLink } from './harness/backchannel-links.js';
import { describeScenarios } from './harness/describe-scenarios.js';
import { allScenarios } from './scenarios/index.js';
import { securedCalls } from './scenarios/secured.js';

describeScenarios(
  callbackLink,
  allScenarios.filter(
    (scenario) => scenario.subject === 'both' && !securedCalls.includes(scenario),
  ),
  'alike',
);
