import { describeScenarios } from './harness/describe-scenarios.js';
import { directLink } from './harness/direct-link.js';
import { rawRequests } from './scenarios/raw-requests.js';

describeScenarios(directLink, [...rawRequests]);
