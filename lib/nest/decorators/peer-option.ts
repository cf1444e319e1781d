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
