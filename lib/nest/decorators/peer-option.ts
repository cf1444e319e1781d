import { nonEmptyText, trueOrFalse, type Rules } from '../../options/index.js';

/** Option of `@Backchannel()` and `@PeerId()`. */
export interface PeerOption {
  /** Gives undefined on a plain connection, instead of failing the call with FAILED_PRECONDITION. */
  optional?: boolean;
}

/** Options of `@Backchannel('Service')`. */
export interface StubOption extends PeerOption {
  /**
   * Has calls of the stub go on when the call being handled is over, with no deadline but their own: for
   * work that outlives the answer. Default false.
   */
  detached?: boolean;
}

/** Options of `@Backchannel()`. */
export interface BackchannelOption extends StubOption {
  /** The service to have a stub of; without it the parameter is the `ClientConn`. */
  service?: string;
}

/** What the option of `@PeerId()` may be. */
export const PEER_OPTION_RULES: Rules<PeerOption> = { optional: trueOrFalse };

/** What the options of `@Backchannel('Service')` may be. */
export const STUB_OPTION_RULES: Rules<StubOption> = { ...PEER_OPTION_RULES, detached: trueOrFalse };

/** What the options of `@Backchannel()` may be. */
export const BACKCHANNEL_OPTION_RULES: Rules<BackchannelOption> = {
  ...STUB_OPTION_RULES,
  service: nonEmptyText,
};
