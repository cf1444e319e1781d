import {
  Controller,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type PreRequestHook,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { RpcException, type Server } from '@nestjs/microservices';
import { throwError } from 'rxjs';
import { nestMajor } from '../../../fixtures/nest/major.js';
import { Journal } from '../../engine/harness/journal.js';
import { AnswersController } from '../controllers/answers.controller.js';
import { FailingController } from '../controllers/failing.controllers.js';
import { KindsController } from '../controllers/kinds.controllers.js';
import { LivesController } from '../controllers/lives.controller.js';
import type { Column } from './column.js';
import { journalIn, journalOfCall, keyOf, metadataIn } from './journals.js';
import { createLink } from './link.js';
import { startPair, type Pair } from './pair.js';
import { sixKinds } from './six-kinds.js';

class NotingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    journalIn(context).note('guard');
    return true;
  }
}

@Controller()
@UseGuards(NotingGuard)
class HookedController extends sixKinds('Kinds', (text, metadata) => {
  journalOfCall(metadata).note('handler');
  return text;
}) {}

const notingHook: PreRequestHook = (context, next) => {
  journalIn(context).note('hook', context.getClass().name);
  return next();
};

/** The metadata that has a hook refuse a call. */
export const REFUSED = 'refused';

const refusingHook: PreRequestHook = (context, next) =>
  metadataIn(context).get(REFUSED).length > 0
    ? throwError(() => new RpcException(`refused ${keyOf(metadataIn(context))}`))
    : next();

/** Two applications of which one has hooks before everything that it handles. */
export function startHookedPair(column: Column): Promise<Pair> {
  return startPair(column, createLink(), {
    controllers: [HookedController],
    configure(microservice) {
      if (nestMajor < 12) return;
      microservice.registerPreRequestHook(notingHook, refusingHook);
    },
  });
}

/** Two applications of which one is told when it begins to handle a call, and when that is done. */
export interface SpannedPair extends Pair {
  readonly spans: Journal;
}

/** Starts it. The hook of the end is not told of which call: its calls are to be made in turn. */
export async function startSpannedPair(column: Column): Promise<SpannedPair> {
  const spans = new Journal();
  const pair = await startPair(column, createLink(), {
    controllers: [KindsController, AnswersController, FailingController, LivesController],
    configure: (microservice) => {
      const servers = microservice.get(ModulesContainer).getRpcTargetRegistry<Server>();
      servers.subscribe((server) => {
        server.setOnProcessingStartHook((_transport, context, done) => {
          spans.note('start', (context as { operationId: string }).operationId);
          void done();
        });
        server.setOnProcessingEndHook(() => spans.note('end'));
      });
    },
  });
  return { ...pair, spans };
}
