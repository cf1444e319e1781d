export { isError, isThenable } from './kinds-of-values.js';
export { OptionError, type OptionErrorCode } from './option-error.js';
export type { Rule, Rules } from './rule.js';
export {
  anyNumber,
  countOrInfinity,
  either,
  func,
  hasMethods,
  isObject,
  like,
  listOf,
  MAX_TIMEOUT_MS,
  milliseconds,
  millisecondsOrInfinity,
  nonEmptyText,
  objectWith,
  opaqueObject,
  openObject,
  optionsOf,
  required,
  text,
  trueOrFalse,
  wholeNumber,
} from './rules.js';
export { showValue } from './show-value.js';
export { verifyArgument } from './verify-argument.js';
export { verifyOptions } from './verify-options.js';
