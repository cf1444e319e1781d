/** Property of a call that is set when its handler has answered it. */
const ANSWERED = Symbol('answered');

/** Any call that has a handler. */
interface HandledCall {
  [ANSWERED]?: boolean;
  /** With a response stream: whether the handler has sent the last response, or an error. */
  readonly writableEnded?: boolean;
}

/** Records that the handler of `call` has answered it. */
export function markAnswered(call: object): void {
  (call as HandledCall)[ANSWERED] = true;
}

/**
 * Whether the handler of `call` has answered it, with a value or an error. A call that ended without an
 * answer was cancelled, or its deadline passed.
 */
export function isAnswered(call: object): boolean {
  const { [ANSWERED]: answered, writableEnded } = call as HandledCall;
  return answered ?? writableEnded ?? false;
}
