import { backpressure } from './backpressure.js';
import { brokenStreams } from './broken-streams.js';
import { callCredentials } from './call-credentials.js';
import { callFacts } from './call-facts.js';
import { cancellation } from './cancellation.js';
import { cardinality } from './cardinality.js';
import { channelEnds } from './channel-ends.js';
import { channelStates } from './channel-states.js';
import { clientInterceptors } from './client-interceptors.js';
import { compression } from './compression.js';
import { deadlines, propagation } from './deadlines.js';
import { handlerErrors } from './handler-errors.js';
import { httpResponses } from './http-responses.js';
import { kinds } from './kinds.js';
import { limits } from './limits.js';
import { messages } from './messages.js';
import { rawRequests } from './raw-requests.js';
import { requestMetadata } from './request-metadata.js';
import { responseMetadata } from './response-metadata.js';
import { securedCalls } from './secured.js';
import { serverInterceptors } from './server-interceptors.js';
import { serviceConfig } from './service-config.js';
import { shutdown } from './shutdown.js';
import { statusText } from './status-text.js';
import { unknownMethods } from './unknown-methods.js';

/** Every scenario there is. */
export const allScenarios = [
  ...kinds,
  ...messages,
  ...callFacts,
  ...unknownMethods,
  ...handlerErrors,
  ...cardinality,
  ...requestMetadata,
  ...responseMetadata,
  ...statusText,
  ...cancellation,
  ...deadlines,
  ...propagation,
  ...shutdown,
  ...securedCalls,
  ...channelStates,
  ...channelEnds,
  ...backpressure,
  ...serviceConfig,
  ...limits,
  ...compression,
  ...clientInterceptors,
  ...serverInterceptors,
  ...callCredentials,
  ...httpResponses,
  ...brokenStreams,
  ...rawRequests,
];
