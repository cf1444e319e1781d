import { nearestName } from './nearest-name.js';
import { OptionError } from './option-error.js';
import type { OptionRule, OptionRules, Rules } from './rule.js';
import { isObject } from './rules.js';
import { showValue } from './show-value.js';

/** Attributes of a property that an assignment creates. */
const ORDINARY = { writable: true, enumerable: true, configurable: true } as const;

/** The object of options that is being verified, and the call that got the options. */
interface Place {
  readonly call: string;
  /** Path of the object; empty for the options of the call. */
  readonly path: string;
  /** Rules of all options of the call; used to suggest the right path for a misplaced option. */
  readonly root: OptionRules;
}

/**
 * Verifies the options of a call. The entry points verify their options here; HTTP/2 verifies its own.
 *
 * An option with the value undefined counts as not given, whatever its name. All objects of options are
 * copied without such options, so that spreading a copy over defaults keeps the defaults; other values are
 * passed on unchanged.
 *
 * @param call - name of the call in error messages.
 * @returns a copy of the options.
 * @throws OptionError naming the first option that is unknown, missing or invalid.
 */
export function verifyOptions<Options extends object>(
  call: string,
  rules: Rules<Options>,
  options: unknown,
): Options {
  const root = rules as unknown as OptionRules;
  // Without any options, the first one that is missing says most.
  const isForgotten = options === undefined && Object.values(root).some((rule) => rule.isRequired);
  if (isForgotten) return readMembers({}, root, { call, path: '', root }) as Options;
  if (!isObject(options)) {
    throw new OptionError(`${call}: the options must be an object, not ${showValue(options)}`);
  }
  return readMembers(options, root, { call, path: '', root }) as Options;
}

function readMembers(options: object, rules: OptionRules, place: Place, isOpen = false): object {
  const given = options as Record<string, unknown>;
  const read: Record<string, unknown> = {};
  // Includes inherited members: options may be an instance of a class, or made by Object.create.
  for (const name in given) {
    if (given[name] === undefined || Object.hasOwn(rules, name)) continue;
    if (!isOpen) throw unknownOption(name, rules, place);
    // An assignment of `__proto__` would set the prototype.
    Object.defineProperty(read, name, { value: given[name], ...ORDINARY });
  }
  for (const [name, rule] of Object.entries(rules)) {
    const value = given[name];
    if (value !== undefined) read[name] = readOption(value, rule, pathTo(name, place), place);
    else if (rule.isRequired) throw missingOption(name, rule, place);
  }
  return read;
}

function readOption(value: unknown, rule: OptionRule, path: string, place: Place): unknown {
  if (!rule.accepts(value)) throw wrongOption(value, rule, path, place);
  if (rule.members === undefined) return value;
  const read = readMembers(value as object, rule.members, { ...place, path }, rule.isOpen);
  const problem = rule.problemOf?.(read as never);
  if (problem === undefined) return read;
  throw new OptionError(`${place.call}: "${path}" ${problem}`, path);
}

function wrongOption(value: unknown, rule: OptionRule, path: string, { call }: Place) {
  const problem = `${call}: "${path}" must be ${rule.expects}, not ${showValue(value)}`;
  const remedy = remedyFor(value, rule);
  return new OptionError(remedy === undefined ? problem : `${problem}; ${remedy}`, path);
}

function remedyFor(value: unknown, rule: OptionRule): string | undefined {
  if (value === null) return rule.isRequired ? undefined : 'leave it out to have the default';
  return typeof value === 'string' ? rule.ofText : undefined;
}

function missingOption(name: string, { expects }: OptionRule, place: Place): OptionError {
  const path = pathTo(name, place);
  return new OptionError(`${place.call} needs the option "${path}": ${expects}`, path);
}

function unknownOption(name: string, rules: OptionRules, place: Place): OptionError {
  const path = pathTo(name, place);
  const meant = placeOf(name, place.root) ?? nearestPath(name, rules, place);
  const where = place.path === '' ? '' : ` of "${place.path}"`;
  const remedy =
    meant === undefined
      ? `the options${where} are ${Object.keys(rules).sort().join(', ')}`
      : `did you mean "${meant}"?`;
  return new OptionError(`${place.call}: unknown option "${path}": ${remedy}`, path);
}

function nearestPath(name: string, rules: OptionRules, place: Place): string | undefined {
  const nearest = nearestName(name, Object.keys(rules));
  return nearest && pathTo(nearest, place);
}

/** Returns the path of the first option with exactly this name; searches inside other options last. */
function placeOf(name: string, rules: OptionRules, path = ''): string | undefined {
  const within = (member: string): string => (path === '' ? member : `${path}.${member}`);
  if (Object.hasOwn(rules, name)) return within(name);
  for (const [member, { members }] of Object.entries(rules)) {
    const found = members && placeOf(name, members, within(member));
    if (found !== undefined) return found;
  }
  return undefined;
}

function pathTo(name: string, { path }: Place): string {
  return path === '' ? name : `${path}.${name}`;
}
