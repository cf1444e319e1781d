import { Logger } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { StandardServicesServer } from '../standard-services/standard-services-server.js';

/** One side of an application that serves its controllers. */
export interface ServedSide {
  readonly kind: 'listening' | 'dialing';
  /** Description of the callers, for the log. */
  readonly audience: string;
  readonly strategy: StandardServicesServer;
}

/**
 * The sides of one application. Nest binds every controller to each side, so a service for the other end of
 * a client is also served to everyone who dials the public port. Warns of services that are served on a
 * listening and on a dialing side, unless both sides select their services.
 */
export class ServedSides {
  static readonly #byApplication = new WeakMap<ModulesContainer, ServedSides>();
  readonly #logger = new Logger('BackchannelModule');
  readonly #served = new Map<ServedSide, readonly string[]>();
  readonly #warned = new Set<string>();

  /** Returns the sides of the application with these modules. */
  static of(container: ModulesContainer): ServedSides {
    let sides = ServedSides.#byApplication.get(container);
    if (sides === undefined) {
      sides = new ServedSides();
      ServedSides.#byApplication.set(container, sides);
    }
    return sides;
  }

  /** Compares the services of `side` with those of the other sides, at each of its starts. */
  add(side: ServedSide): void {
    side.strategy.onBound((services) => {
      this.#served.set(side, services);
      for (const [other] of this.#served) this.#compare(side, other);
    });
  }

  #compare(one: ServedSide, other: ServedSide): void {
    if (one.kind === other.kind) return;
    if (one.strategy.hasSelection && other.strategy.hasSelection) return;
    const others = this.#served.get(other) ?? [];
    const both = (this.#served.get(one) ?? []).filter(
      (service) => others.includes(service) && !this.#warned.has(service),
    );
    if (both.length === 0) return;
    for (const service of both) this.#warned.add(service);
    this.#logger.warn(
      `handlers of ${both.join(', ')} are served on both sides, to ${one.audience} and to ${other.audience}: name what each side serves, with the options "server.services" of forRoot and "backchannel.services" of registerClient`,
    );
  }
}
