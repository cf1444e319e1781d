/**
 * Creates an error without a stack, for ends that belong to normal operation: the stack would only show how
 * events are read, and takes longer to capture and to format than the rest of the end. Where `Error` is frozen,
 * the error has a stack.
 */
export function withoutStack<E extends Error>(create: () => E): E {
  const limit = Error.stackTraceLimit;
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    return create();
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit);
  }
}
