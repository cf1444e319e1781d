import { describeScenarios } from './harness/describe-scenarios.js';
import { directLink } from './harness/direct-link.js';
import { requestMetadata } from './scenarios/request-metadata.js';
import { responseMetadata } from './scenarios/response-metadata.js';
import { statusText } from './scenarios/status-text.js';

describeScenarios(directLink, [...requestMetadata, ...responseMetadata, ...statusText]);
