/** Gives `replacement` the name of `handler`: Nest's hooks get it as the name of the method. */
export function inPlaceOf<T extends Function>(handler: T, replacement: T): T {
  return Object.defineProperty(replacement, 'name', { value: handler.name });
}
