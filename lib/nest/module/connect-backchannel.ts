import type {
  INestApplication,
  INestMicroservice,
  NestHybridApplicationOptions,
} from '@nestjs/common';
import type { CustomStrategy } from '@nestjs/microservices';
import { trueOrFalse, verifyOptions, type Rules } from '../../options/index.js';
import { BACKCHANNEL_STRATEGY } from '../decorators/tokens.js';

const HYBRID_RULES: Rules<NestHybridApplicationOptions> = {
  inheritAppConfig: trueOrFalse,
  deferInitialization: trueOrFalse,
};

/**
 * Connects all strategies of the application's `BackchannelModule`s: the listener of `forRoot`, and the
 * backchannel of every registered client that serves. Call `app.startAllMicroservices()` afterwards.
 *
 * @param hybridOptions - as for `app.connectMicroservice`: with `{ inheritAppConfig: true }` global pipes,
 * guards, interceptors and filters apply to these strategies too.
 * @returns the connected microservices.
 * @throws Error if there is nothing to connect; OptionError naming a bad option.
 */
export function connectBackchannel(
  app: INestApplication,
  hybridOptions: NestHybridApplicationOptions = {},
): INestMicroservice[] {
  const verified = verifyOptions('connectBackchannel', HYBRID_RULES, hybridOptions);
  const strategies = findStrategies(app);
  if (strategies.length === 0) {
    throw new Error(
      'connectBackchannel found nothing to connect: import BackchannelModule.forRoot({ server }), or BackchannelModule.registerClient with the option "backchannel"',
    );
  }
  return strategies.map((strategy) =>
    app.connectMicroservice<CustomStrategy>({ strategy }, verified),
  );
}

function findStrategies(app: INestApplication): CustomStrategy['strategy'][] {
  try {
    const found = app.get<CustomStrategy['strategy'] | undefined>(BACKCHANNEL_STRATEGY, {
      strict: false,
      each: true,
    });
    return found.filter((strategy) => strategy !== undefined);
  } catch {
    return []; // Nest throws if no module provides the token.
  }
}
