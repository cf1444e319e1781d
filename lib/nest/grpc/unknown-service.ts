import { OptionError } from '../../options/index.js';
import type { BackchannelUse } from '../decorators/backchannel-uses.js';
import type { SelectionPlace } from './service-selection.js';

/**
 * The error of a handler that injects a stub of a service for which there are no stubs.
 *
 * @param existing - the services for which there are stubs.
 * @param place - the option that names these services.
 */
export function unknownService(
  { decorator, handler }: BackchannelUse,
  existing: readonly string[],
  { call, option }: SelectionPlace,
): OptionError {
  const names = existing.join(', ') || 'none';
  return new OptionError(
    `${decorator} of ${handler}: the option "${option}" of ${call} has no such service; it has: ${names}`,
    option,
  );
}
