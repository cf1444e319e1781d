import {
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import type { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { BackchannelClient } from '../dialing/backchannel-client.js';
import type { StandardServicesServer } from '../standard-services/standard-services-server.js';
import { hasInitHooks } from './init-hooks.js';

/**
 * Time limit of an application for its next step, in milliseconds; after that the step counts as forgotten.
 * Strategies may be connected and started after the application itself.
 */
const PATIENCE_MS = 2000;

/** Progress of a strategy that a module of this package created. */
type Progress = 'made' | 'connected' | 'started';

/** A strategy to check, with texts for the log. */
export interface CheckedStrategy {
  /** The call that registered the strategy. */
  readonly call: string;
  /** Effect of a strategy that is not started. */
  readonly consequence: string;
  readonly strategy: StandardServicesServer;
}

/** The application that a strategy is part of. */
export interface CheckedApplication {
  readonly container: ModulesContainer;
  readonly adapterHost: HttpAdapterHost;
}

/**
 * Warns when an application has started, but a strategy of its modules has not, because
 * `connectBackchannel(app)` or `app.startAllMicroservices()` was forgotten. Also warns when a strategy has
 * started, but the lifecycle hooks of the application were not called.
 *
 * An application context without a server (`NestFactory.createApplicationContext`) is not checked: it
 * intentionally serves nothing.
 */
export class StartCheck implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('BackchannelModule');
  readonly #checked: CheckedStrategy;
  readonly #application: CheckedApplication;
  #isStarted = false;
  #isInitialized = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(checked: CheckedStrategy, application: CheckedApplication) {
    this.#checked = checked;
    this.#application = application;
    checked.strategy.onBound(() => {
      this.#isStarted = true;
      if (!this.#isInitialized) this.#look();
    });
  }

  /** Called by Nest: lifecycle hooks run from now on. */
  onModuleInit(): void {
    this.#isInitialized = true;
  }

  /** Called by Nest when the application has started. */
  onApplicationBootstrap(): void {
    this.#look();
  }

  /** Called by Nest when the application closes. */
  onModuleDestroy(): void {
    clearTimeout(this.#timer);
  }

  /** Schedules a check of the progress. */
  #look(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#warn(), PATIENCE_MS).unref();
  }

  #warn(): void {
    const { call, consequence } = this.#checked;
    const progress = this.#progress();
    if (progress === 'made' && this.#canServe()) {
      this.#logger.warn(
        `${call}: ${consequence}: add "connectBackchannel(app); await app.startAllMicroservices();" after NestFactory.create`,
      );
    } else if (progress === 'connected') {
      this.#logger.warn(
        `${call}: ${consequence}: add "await app.startAllMicroservices();" after connectBackchannel(app)`,
      );
    } else if (progress === 'started' && !this.#isInitialized) {
      this.#warnOfHooks();
    }
  }

  #warnOfHooks(): void {
    const { container } = this.#application;
    if (warnedOfHooks.has(container) || !hasInitHooks(container, isOwn)) return;
    warnedOfHooks.add(container);
    this.#logger.warn(
      'calls are served, but onModuleInit and onApplicationBootstrap have not been called: add "await app.init();" before "await app.startAllMicroservices();"',
    );
  }

  #progress(): Progress {
    if (this.#isStarted) return 'started';
    return this.#targets().includes(this.#checked.strategy) ? 'connected' : 'made';
  }

  /** Whether the application has any server; an application context has none. */
  #canServe(): boolean {
    const { httpAdapter } = this.#application.adapterHost;
    return Boolean(httpAdapter) || this.#targets().length > 0;
  }

  /** Strategies of all microservices of the application. Nest replays them to each subscriber. */
  #targets(): unknown[] {
    const targets: unknown[] = [];
    const registry = this.#application.container.getRpcTargetRegistry<unknown>();
    registry.subscribe((target) => targets.push(target)).unsubscribe();
    return targets;
  }
}

/** Applications with a warning about their hooks: one warning covers all of their modules. */
const warnedOfHooks = new WeakSet<ModulesContainer>();

/** Whether an instance belongs to this package and its hooks do nothing that the application needs. */
function isOwn(instance: object): boolean {
  return (
    instance instanceof StartCheck || (instance instanceof BackchannelClient && instance.serves)
  );
}
