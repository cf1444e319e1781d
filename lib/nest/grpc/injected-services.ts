import { OptionError } from '../../options/index.js';
import type { BackchannelUse } from '../decorators/backchannel-uses.js';
import {
  isNamed,
  listServices,
  type NamedService,
  type SelectionPlace,
} from './service-selection.js';

/**
 * Verifies that there are stubs of all services that handlers inject.
 *
 * @param existing - the services for which there are stubs.
 * @param listed - the services that the error lists.
 * @param place - the option that names these services.
 * @throws OptionError naming the first handler that injects a stub of another service.
 */
export function verifyInjectedServices(
  uses: readonly BackchannelUse[],
  existing: readonly NamedService[],
  listed: readonly NamedService[],
  { call, option }: SelectionPlace,
): void {
  for (const { service, decorator, handler } of uses) {
    if (service === undefined || existing.some((one) => isNamed(one, service))) continue;
    throw new OptionError(
      `${decorator} of ${handler}: the option "${option}" of ${call} has no such service; it has: ${listServices(listed, service)}`,
      option,
    );
  }
}
