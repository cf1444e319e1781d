import { describeScenarios } from './harness/describe-scenarios.js';
import { directLink } from './harness/direct-link.js';
import { kinds } from './scenarios/kinds.js';
import { messages } from './scenarios/messages.js';
import { callFacts } from './scenarios/call-facts.js';
import { unknownMethods } from './scenarios/unknown-methods.js';
import { handlerErrors } from './scenarios/handler-errors.js';
import { cardinality } from './scenarios/cardinality.js';

describeScenarios(directLink, [
  ...kinds,
  ...messages,
  ...callFacts,
  ...unknownMethods,
  ...handlerErrors,
  ...cardinality,
]);
