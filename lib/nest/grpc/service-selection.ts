import { nameOfService } from '../../backchannel/index.js';
import { OptionError } from '../../options/index.js';
import type { ServiceSelection } from '../options/options.js';

/** A service of the packages that options name. */
export interface NamedService {
  /** The name within its package, such as `Hub`. */
  readonly name: string;
  /** The name with its package, such as `demo.Hub`. */
  readonly fullName: string;
}

/** The option that names the services, for error messages. */
export interface SelectionPlace {
  /** The function or class that got the option. */
  readonly call: string;
  /** Path of the option. */
  readonly option: string;
}

/** Whether a service has this name: with or without its package. */
export function isNamed(service: NamedService, name: string): boolean {
  return service.name === name || service.fullName === name;
}

/** The names of the option `services`; undefined without the option. */
export function selectedNamesOf({ services }: ServiceSelection): string[] | undefined {
  return services?.map((service) => nameOfService(service, 'services'));
}

/** Whether the option `services` includes a service. Without the option all services are included. */
export function isSelected(names: readonly string[] | undefined, service: NamedService): boolean {
  return names === undefined || names.some((name) => isNamed(service, name));
}

/**
 * Lists the services that exist, for the error of a service that does not: with their packages if `unknown`
 * has one.
 */
export function listServices(services: readonly NamedService[], unknown: string): string {
  const names = services.map(({ name, fullName }) => (unknown.includes('.') ? fullName : name));
  return [...new Set(names)].join(', ') || 'none';
}

/**
 * Verifies that all services named by the option `services` exist.
 *
 * @throws OptionError naming the first service that does not exist, and those that exist.
 */
export function verifySelection(
  names: readonly string[],
  services: readonly NamedService[],
  { call, option }: SelectionPlace,
): void {
  const unknown = names.find((name) => !services.some((service) => isNamed(service, name)));
  if (unknown === undefined) return;
  const existing = listServices(services, unknown);
  throw new OptionError(
    `${call}: "${option}" names "${unknown}", which is not a service of its packages; those are: ${existing}`,
    option,
  );
}
