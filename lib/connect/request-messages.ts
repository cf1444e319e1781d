/**
 * Returns the messages of a request with one iterator, however often it is asked for: Connect asks again at
 * the end of the call, to end the iterator. A `ReadableStream`, for example, throws when it is asked twice,
 * and other iterables would return a new iterator and leave the first one open.
 *
 * Errors of `messages` reject, even those that it throws: nobody catches what is thrown at the end of a call.
 */
export function requestMessages<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
  let iterator: AsyncIterator<T> | undefined;
  const given = (): AsyncIterator<T> => (iterator ??= messages[Symbol.asyncIterator]());
  const shared: AsyncIterator<T, unknown> = {
    next: async () => given().next(),
    throw: async (error) => (await given().throw?.(error)) ?? DONE,
    return: async () => (await given().return?.()) ?? DONE,
  };
  return { [Symbol.asyncIterator]: () => shared };
}

const DONE = { done: true, value: undefined } as const;
