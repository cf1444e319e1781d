import type {
  INestApplication,
  INestMicroservice,
  NestHybridApplicationOptions,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { CustomStrategy } from '@nestjs/microservices';
import {
  objectWith,
  trueOrFalse,
  verifyArgument,
  verifyOptions,
  type Rules,
} from '../../options/index.js';
import { BACKCHANNEL_STRATEGY } from '../decorators/tokens.js';

const HYBRID_RULES: Rules<NestHybridApplicationOptions> = {
  inheritAppConfig: trueOrFalse,
  deferInitialization: trueOrFalse,
};

const APPLICATION_RULE = objectWith('the application of "await NestFactory.create(AppModule)"', [
  'get',
  'connectMicroservice',
]);

/**
 * Connects all strategies of the application's `BackchannelModule`s: the listener of `forRoot`, and the
 * backchannel of every registered client that serves. Call `app.startAllMicroservices()` afterwards.
 *
 * @param hybridOptions - as for `app.connectMicroservice`: with `{ inheritAppConfig: true }` global pipes,
 * guards, interceptors and filters apply to these strategies too.
 * @returns the connected microservices.
 * @throws Error if there is nothing to connect, or if the application is connected already; OptionError
 * naming a bad argument or option.
 */
export function connectBackchannel(
  app: INestApplication,
  hybridOptions: NestHybridApplicationOptions = {},
): INestMicroservice[] {
  const verified = verifyOptions('connectBackchannel', HYBRID_RULES, hybridOptions);
  verifyArgument('connectBackchannel', 'first argument', APPLICATION_RULE, app);
  const strategies = findStrategies(app);
  if (strategies.length === 0) {
    throw new Error(
      'connectBackchannel found nothing to connect: import BackchannelModule.forRoot({ server }), or BackchannelModule.registerClient with the option "backchannel"',
    );
  }
  if (strategies.every((strategy) => connected.has(strategy))) {
    throw new Error('connectBackchannel: this application is connected already; call it once');
  }
  return strategies.map((strategy) => {
    const microservice = app.connectMicroservice<CustomStrategy>({ strategy }, verified);
    connected.add(strategy);
    return microservice;
  });
}

/** Strategies that were connected: Nest would start each of them twice. */
const connected = new WeakSet<CustomStrategy['strategy']>();

/**
 * Finds the strategies in the modules. `app.get(BACKCHANNEL_STRATEGY)` would end the process if no module
 * provides the token: Nest handles errors of its methods itself, unless `abortOnError` is false.
 */
function findStrategies(app: INestApplication): CustomStrategy['strategy'][] {
  const modules = app.get(ModulesContainer).values();
  return [...modules].flatMap(({ providers }) => {
    const strategy = providers.get(BACKCHANNEL_STRATEGY)?.instance as
      CustomStrategy['strategy'] | undefined | null;
    return strategy ? [strategy] : [];
  });
}
