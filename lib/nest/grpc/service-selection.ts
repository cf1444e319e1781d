import { OptionError } from '../../options/index.js';

/** A service of the packages of an object of options. */
export interface NamedService {
  /** The name within its package, such as `Hub`. */
  readonly name: string;
  /** The name with its package, such as `demo.Hub`. */
  readonly fullName: string;
}

/** Which option names the services, for errors. */
export interface SelectionPlace {
  /** The call that was given the option. */
  readonly call: string;
  /** Path of the option. */
  readonly option: string;
}

/** Whether the option `services` includes a service; without the option all services are included. */
export function isSelected(
  names: readonly string[] | undefined,
  { name, fullName }: NamedService,
): boolean {
  return names === undefined || names.includes(name) || names.includes(fullName);
}

/**
 * Verifies that all services that the option `services` names exist.
 *
 * @throws OptionError naming the first that does not, and those that do.
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
