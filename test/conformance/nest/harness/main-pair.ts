import { loadSync } from '@grpc/proto-loader';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { AnswersController } from '../controllers/answers.controller.js';
import { EnhancedController } from '../controllers/enhanced.controller.js';
import { FactsController } from '../controllers/facts.controller.js';
import {
  BrokenFilterController,
  FailingController,
  FilteredController,
  GuardedController,
} from '../controllers/failing.controllers.js';
import { FlowsController } from '../controllers/flows.controller.js';
import { Deep, KindsController, ScopedController } from '../controllers/kinds.controllers.js';
import { LivesController } from '../controllers/lives.controller.js';
import type { Column } from './column.js';
import { createLink } from './link.js';
import { startPair, type Pair } from './pair.js';
import { handmadeProto } from './protos.js';

/** Letters that messages may have, and a few more for the rest of the message. */
export const LIMITS = {
  calling: { maxSendMessageLength: 120_000, maxReceiveMessageLength: 150_000 },
  serving: { maxReceiveMessageLength: 100_000, maxSendMessageLength: 200_000 },
};

interface Services {
  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void;
}

/** As reflection and health packages do. */
function addHandmadeService(_definition: unknown, server: Services): void {
  const service = loadSync(handmadeProto)['handmade.Health'] as ServiceDefinition;
  server.addService(service, {
    Check: (
      { request }: { request: { service: string } },
      callback: (error: null, reply: object) => void,
    ) => callback(null, { status: `${request.service} is well` }),
  });
}

/** Two applications with nothing global about them, on which most scenarios are run. */
export function startMainPair(column: Column): Promise<Pair> {
  const link = createLink({
    serving: {
      ...LIMITS.serving,
      channelOptions: {},
      onLoadPackageDefinition: addHandmadeService as never,
    },
    calling: { ...LIMITS.calling, channelOptions: {} },
  });
  return startPair(column, link, {
    controllers: [
      KindsController,
      Deep,
      ScopedController,
      AnswersController,
      FailingController,
      FilteredController,
      BrokenFilterController,
      GuardedController,
      EnhancedController,
      FactsController,
      LivesController,
      FlowsController,
    ],
  });
}
