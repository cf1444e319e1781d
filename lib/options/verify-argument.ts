import { OptionError } from './option-error.js';
import type { OptionRule } from './rule.js';
import { showValue } from './show-value.js';

/**
 * Verifies one argument of a call.
 *
 * @param argument - what the argument is, for the error: `registry.get: the id must be …`.
 * @throws OptionError if `rule` does not accept `value`.
 */
export function verifyArgument(
  call: string,
  argument: string,
  rule: Pick<OptionRule, 'expects' | 'ofText' | 'accepts'>,
  value: unknown,
): void {
  if (rule.accepts(value)) return;
  const problem = `${call}: the ${argument} must be ${rule.expects}, not ${showValue(value)}`;
  const remedy = typeof value === 'string' && rule.ofText ? `; ${rule.ofText}` : '';
  throw new OptionError(problem + remedy, argument);
}
