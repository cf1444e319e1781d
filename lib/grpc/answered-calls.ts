/** By which a call says that its handler has answered it. */
const ANSWERED = Symbol('answered');

/** Any call that a handler is at work on. */
interface HandledCall {
  [ANSWERED]?: boolean;
  /** Of calls with many responses: whether the handler has sent the last one, or an error. */
  readonly writableEnded?: boolean;
}

/** The handler of `call` has answered it. */
export function markAnswered(call: object): void {
  (call as HandledCall)[ANSWERED] = true;
}

/**
 * Whether the handler of `call` has answered it, with a value or an error. A call that is over without has
 * been cancelled, or is past its deadline.
 */
export function isAnswered(call: object): boolean {
  const { [ANSWERED]: answered, writableEnded } = call as HandledCall;
  return answered ?? writableEnded ?? false;
}
