/** Calls whose handler has begun in this process. */
export const handledCalls = { count: 0 };
