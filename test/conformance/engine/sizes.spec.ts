import { describeScenarios } from './harness/describe-scenarios.js';
import { directLink } from './harness/direct-link.js';
import { limits } from './scenarios/limits.js';
import { compression } from './scenarios/compression.js';

describeScenarios(directLink, [...limits, ...compression]);
