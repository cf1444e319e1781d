/** Milliseconds that calls have to finish unless an option says otherwise. */
export const DEFAULT_DRAIN_MS = 10_000;

/**
 * The option `drainMs`, or its default.
 *
 * @throws TypeError if it is not a number of milliseconds.
 */
export function drainTimeOf(drainMs = DEFAULT_DRAIN_MS): number {
  if (Number.isInteger(drainMs) && drainMs >= 0 && drainMs < 2 ** 31) return drainMs;
  throw new TypeError(
    `"drainMs" must be a whole number of milliseconds, 0 or more, not ${String(drainMs)}`,
  );
}
