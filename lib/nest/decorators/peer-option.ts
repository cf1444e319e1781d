import { SERVICE_RULE, type ServiceReference } from '../../backchannel/index.js';
import { trueOrFalse, type Rules } from '../../options/index.js';

/** Option of `@Backchannel()`, `@PeerId()`, `@CurrentPeer()` and `@CurrentClient()`. */
export interface PeerOption<Optional extends boolean = boolean> {
  /**
   * Injects undefined if the call does not have the value, instead of failing the call with
   * FAILED_PRECONDITION. Default false.
   */
  optional?: Optional;
}

/** Options of `@Backchannel('Service')`. */
export interface StubOption<Optional extends boolean = boolean> extends PeerOption<Optional> {
  /**
   * Calls of the stub continue when the call being handled is over, with only their own deadline: for
   * work that outlives the response. Default false.
   */
  detached?: boolean;
}

/** Options of `@Backchannel()`. */
export interface BackchannelOption<
  Optional extends boolean = boolean,
> extends StubOption<Optional> {
  /**
   * The service to inject a stub of: its name, or its token. Without it the parameter is the `ClientConn`.
   */
  service?: ServiceReference;
}

/** Rules of the option of `@PeerId()`, `@CurrentPeer()` and `@CurrentClient()`. */
export const PEER_OPTION_RULES: Rules<PeerOption> = { optional: trueOrFalse };

/** Rules of the options of `@Backchannel('Service')`. */
export const STUB_OPTION_RULES: Rules<StubOption> = { ...PEER_OPTION_RULES, detached: trueOrFalse };

/** Rules of the options of `@Backchannel()`. */
export const BACKCHANNEL_OPTION_RULES: Rules<BackchannelOption> = {
  ...STUB_OPTION_RULES,
  service: SERVICE_RULE,
};
