/** Option of `@Backchannel()` and `@PeerId()`. */
export interface PeerOption {
  /** Gives undefined on a plain connection, instead of failing the call with FAILED_PRECONDITION. */
  optional?: boolean;
}
