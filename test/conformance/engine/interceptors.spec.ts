import { describeScenarios } from './harness/describe-scenarios.js';
import { directLink } from './harness/direct-link.js';
import { clientInterceptors } from './scenarios/client-interceptors.js';
import { serverInterceptors } from './scenarios/server-interceptors.js';
import { callCredentials } from './scenarios/call-credentials.js';

describeScenarios(directLink, [...clientInterceptors, ...serverInterceptors, ...callCredentials]);
