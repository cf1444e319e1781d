import { describeScenarios } from './harness/describe-scenarios.js';
import { directLink } from './harness/direct-link.js';
import { httpResponses } from './scenarios/http-responses.js';
import { brokenStreams } from './scenarios/broken-streams.js';

describeScenarios(directLink, [...httpResponses, ...brokenStreams]);
