/**
 * An option is unknown, missing or invalid, or two options contradict each other.
 *
 * gRPC status: none.
 * Remedy: Correct the option that the message names; for an unknown option, the message suggests valid
 * names.
 */
export type OptionErrorCode = 'ERR_BACKCHANNEL_OPTION';

/**
 * An option is unknown, missing or invalid, or two options contradict each other. Thrown by the call that
 * was given the option, before that call has any effect.
 */
export class OptionError extends TypeError {
  /** Name of the class. */
  override readonly name = 'OptionError';
  /** Identical for all errors of this class. */
  readonly code: OptionErrorCode = 'ERR_BACKCHANNEL_OPTION';
  /** Path of the option, such as `server.drainMs`; empty if the options as a whole are wrong. */
  readonly option: string;

  constructor(message: string, option = '') {
    super(message);
    this.option = option;
  }
}
