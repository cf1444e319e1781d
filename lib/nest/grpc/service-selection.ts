import { OptionError } from '../../options/index.js';

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

/** Whether the option `services` includes a service. Without the option all services are included. */
export function isSelected(
  names: readonly string[] | undefined,
  { name, fullName }: NamedService,
): boolean {
  return names === undefined || names.includes(name) || names.includes(fullName);
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
  const unknown = names.find((name) => !services.some((service) => isSelected([name], service)));
  if (unknown === undefined) return;
  const existing = services.map(({ name }) => name).join(', ') || 'none';
  throw new OptionError(
    `${call}: "${option}" names "${unknown}", which is not a service of its packages; those are: ${existing}`,
    option,
  );
}
