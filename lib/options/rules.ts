import { isThenable } from './kinds-of-values.js';
import type { OptionRules, Rule, Rules } from './rule.js';

/** Longest delay of Node's timers in milliseconds: 24 days. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

const NUMBER_OF_TEXT = 'convert text first, as in Number(process.env.NAME)';

/** True or false. */
export const trueOrFalse: Rule<boolean> = {
  expects: 'true or false',
  ofText: "compare text first, as in process.env.NAME === 'true'",
  accepts: (value) => typeof value === 'boolean',
};

/** Any string. */
export const text: Rule<string> = {
  expects: 'a string',
  accepts: (value) => typeof value === 'string',
};

/** A string that is not empty. */
export const nonEmptyText: Rule<string> = {
  expects: 'a string that is not empty',
  accepts: (value) => typeof value === 'string' && value !== '',
};

/** Any number but NaN. */
export const anyNumber: Rule<number> = {
  expects: 'a number',
  ofText: NUMBER_OF_TEXT,
  accepts: (value) => typeof value === 'number' && !Number.isNaN(value),
};

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): Rule<number> {
  const isOpenEnded = max === Number.MAX_SAFE_INTEGER;
  return {
    expects: isOpenEnded
      ? `a whole number, ${min} or more`
      : `a whole number from ${min} to ${max}`,
    ofText: NUMBER_OF_TEXT,
    range: { min, max },
    accepts: (value) => Number.isInteger(value) && isBetween(value as number, min, max),
  };
}

/** A whole number above 0, or Infinity for no limit. */
export const countOrInfinity: Rule<number> = {
  expects: 'a whole number above 0, or Infinity',
  ofText: NUMBER_OF_TEXT,
  accepts: (value) => value === Infinity || (Number.isInteger(value) && (value as number) > 0),
};

/** Milliseconds of a timer, at least `min`. */
export function milliseconds(min = 0): Rule<number> {
  return {
    ...wholeNumber(min, MAX_TIMEOUT_MS),
    expects: `a whole number of milliseconds from ${min} to ${MAX_TIMEOUT_MS}`,
  };
}

/** Milliseconds of a timer, or Infinity for no limit. */
export const millisecondsOrInfinity: Rule<number> = {
  expects: 'a number of milliseconds, 0 or more, or Infinity',
  ofText: NUMBER_OF_TEXT,
  accepts: (value) => typeof value === 'number' && value >= 0,
};

/** A function, or a class. */
export function func<Value>(expects = 'a function'): Rule<Value> {
  return { expects, accepts: (value) => typeof value === 'function' };
}

/** A value for which `accepts` returns true. */
export function like<Value>(expects: string, accepts: (value: unknown) => boolean): Rule<Value> {
  return { expects, accepts };
}

/** An object that has methods with these names. */
export function objectWith<Value>(expects: string, methods: readonly string[]): Rule<Value> {
  return like(expects, (value) => hasMethods(value, methods));
}

/** Whether `value` is an object that has methods with these names. */
export function hasMethods(value: unknown, methods: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const members = value as Record<string, unknown>;
  return methods.every((method) => typeof members[method] === 'function');
}

/** An array whose items all follow `rule`. */
export function listOf<Value>(expects: string, rule: Rule<Value>): Rule<Value[]> {
  return like(
    expects,
    (value) => Array.isArray(value) && value.every((item) => rule.accepts(item)),
  );
}

/** A value that at least one of two rules accepts. The rules must not have `members`. */
export function either<One, Other>(one: Rule<One>, other: Rule<Other>): Rule<One | Other> {
  return {
    expects: `${one.expects} or ${other.expects}`,
    accepts: (value) => one.accepts(value) || other.accepts(value),
  };
}

/** An object that is passed on unchanged. */
export function opaqueObject<Value extends object>(): Rule<Value> {
  return like('an object', isObject);
}

/** An object with members that this package does not know, such as the channel options of grpc-js. */
export function openObject<Value extends object>(expects = 'an object'): Rule<Value> {
  return { expects, members: {}, isOpen: true, accepts: isObject };
}

/**
 * An object of options.
 *
 * @param problemOf - describes a contradiction between options that are valid by themselves; see
 * `OptionRule`.
 */
export function optionsOf<Value extends object>(
  members: Rules<Value>,
  problemOf?: (value: Value) => string | undefined,
): Rule<Value> {
  return {
    expects: 'an object of options',
    members: members as unknown as OptionRules,
    accepts: isObject,
    ...(problemOf && { problemOf }),
  };
}

/** Returns `rule` for an option that must be given. `expects` replaces the text of the rule. */
export function required<Value>(rule: Rule<Value>, expects = rule.expects): Rule<Value> {
  return { ...rule, expects, isRequired: true };
}

/** Whether `value` can be an object of options. Arrays, functions and promises are mistakes. */
export function isObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !isThenable(value);
}

function isBetween(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}
