/**
 * An option is unknown, is missing, or has a value that it cannot have; or two options do not fit together.
 *
 * gRPC status: none.
 * Remedy: Correct the option that the message names; for an unknown one the message has the nearest that exists.
 */
export type OptionErrorCode = 'ERR_BACKCHANNEL_OPTION';

/**
 * An option is unknown, is missing, or has a value that it cannot have; or two options do not fit
 * together. Thrown by the call that was given the option, before that call has any effect.
 */
export class OptionError extends TypeError {
  /** The name of its class. */
  override readonly name = 'OptionError';
  /** The same for all errors of this class. */
  readonly code: OptionErrorCode = 'ERR_BACKCHANNEL_OPTION';
  /** Path of the option, such as `server.drainMs`; empty if the options as a whole are wrong. */
  readonly option: string;

  constructor(message: string, option = '') {
    super(message);
    this.option = option;
  }
}
