import { describeScenarios } from './harness/describe-scenarios.js';
import { directLink } from './harness/direct-link.js';
import { cancellation } from './scenarios/cancellation.js';
import { deadlines, propagation } from './scenarios/deadlines.js';
import { shutdown } from './scenarios/shutdown.js';

describeScenarios(directLink, [...cancellation, ...deadlines, ...propagation, ...shutdown]);
