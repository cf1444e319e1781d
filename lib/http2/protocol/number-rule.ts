/** Largest number of four bytes. */
export const MAX_UINT32 = 2 ** 32 - 1;

/** A number among the options of a connection: its default, and its range. */
export interface NumberRule {
  /** The default. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** Infinity is valid, too: no limit is announced to the peer, and none is enforced. */
  readonly unlimited?: true;
}
