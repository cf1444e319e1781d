/** What the calls of one connection may have this side keep in memory together. */
export interface CallMemory {
  /** Whether so many replies wait for the other end to take them that there are to be no more. */
  readonly isClogged: boolean;
  /** Takes `bytes` of room for a message that is not complete. Returns false if there is no room for them. */
  hold(bytes: number): boolean;
  /** Gives `bytes` back. */
  release(bytes: number): void;
}
