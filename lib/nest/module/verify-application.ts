import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { OptionError } from '../../options/index.js';
import { backchannelUsesOf } from '../decorators/backchannel-uses.js';
import { ListenMuxServer } from '../listening/listen-mux-server.js';
import { getBackchannelClientToken } from '../decorators/tokens.js';
import { verifyInjectedServices } from '../grpc/injected-services.js';
import type { NamedService } from '../grpc/service-selection.js';
import { ownModules } from './own-modules.js';

/**
 * Verifies that no other module of the application registers a client under the same name.
 *
 * @throws OptionError if another module does: `@InjectBackchannelClient(name)` would be ambiguous.
 */
export function verifyClientName(container: ModulesContainer, module: Type, name: string): void {
  const registrations = ownModules(container, module, getBackchannelClientToken(name));
  if (registrations.length < 2) return;
  throw new OptionError(
    `BackchannelModule.registerClient: the client name "${name}" is registered ${registrations.length} times; register each client once, in a module that exports BackchannelModule, and import that module where the client is injected`,
    'name',
  );
}

/** For each listening side of an application, the peer services for which stubs exist. */
const known = new WeakMap<ModulesContainer, (readonly NamedService[])[]>();

/**
 * Verifies that all services that controllers name in `@Backchannel('Service')` or
 * `@Backchannel(Token)` have stubs. Each listening
 * side of the application calls this function; the last call verifies against the services of all sides.
 *
 * @param services - the peer services for which this side has stubs.
 * @throws OptionError naming the handler, the service, and the services that exist.
 */
export function verifyBackchannelUses(
  container: ModulesContainer,
  module: Type,
  services: readonly NamedService[],
): void {
  const sides = [...(known.get(container) ?? []), services];
  known.set(container, sides);
  if (sides.length < ownModules(container, module, ListenMuxServer).length) return;

  const existing = sides.flat();
  const uses = controllersOf(container).flatMap(backchannelUsesOf);
  verifyInjectedServices(uses, existing, existing, {
    call: 'BackchannelModule.forRoot',
    option: 'server.backchannel',
  });
}

function controllersOf(container: ModulesContainer): Function[] {
  return [...container.values()]
    .flatMap(({ controllers }) => Array.from(controllers.values()))
    .map(({ metatype }) => metatype)
    .filter((metatype) => typeof metatype === 'function');
}
