/** Where a value has to lie; `reported`: anywhere. */
export type Bound =
  | { readonly kind: 'at least' | 'at most' | 'below'; readonly value: number }
  | { readonly kind: 'reported' };

/**
 * What is judged: a median, divided by the median of another system in the same cell or by a constant;
 * or the spread of a system over the live heaps of one Node.
 */
export type Judged =
  | { readonly kind: 'value' }
  | { readonly kind: 'quotient'; readonly divisor: string }
  | { readonly kind: 'share'; readonly of: string; readonly value: number }
  | { readonly kind: 'spread' };

/** Something that the package is to reach. */
export interface Target {
  readonly workload: string;
  readonly system: string;
  readonly metric: string;
  readonly judged: Judged;
  readonly bound: Bound;
  /** Major versions of Node that it is about; all without. */
  readonly nodes?: readonly number[];
  /** Whether it allows no exception: a run with one cell beyond the bound fails. */
  readonly binding: boolean;
}

/** Whether `value` lies within the bound. */
export function isWithin(bound: Bound, value: number): boolean {
  switch (bound.kind) {
    case 'at least':
      return value >= bound.value;
    case 'at most':
      return value <= bound.value;
    case 'below':
      return value < bound.value;
    case 'reported':
      return true;
  }
}
