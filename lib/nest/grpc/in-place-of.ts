/** Hooks are told the name of a handler, which is that of its method. */
export function inPlaceOf<T extends Function>(handler: T, replacement: T): T {
  return Object.defineProperty(replacement, 'name', { value: handler.name });
}
