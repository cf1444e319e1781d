/** Value in the middle; of an even number the mean of the two. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('nothing has no median');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Mean of ratios: 2 and 1/2 have 1. */
export function geometricMean(ratios: readonly number[]): number {
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  if (!(mean > 0 && mean < Infinity)) {
    throw new RangeError(`${ratios.join(', ')} have no geometric mean`);
  }
  return mean;
}
