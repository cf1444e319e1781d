import type { Used } from '../process-pair.js';
import type { Role } from '../protocol.js';
import type { Metric } from './workload.js';

const GIB = 1024 ** 3;

/** Collections of the whole heap of the process that receives. */
export const MARK_COMPACTS: Metric = {
  metric: 'mark-compacts',
  unit: 'per GiB',
  better: 'lower',
  primary: false,
};

/** @returns undefined if the receiver is not JavaScript. */
export function markCompactsPerGiB(
  { markCompacts }: Used,
  receiver: Role,
  receivedBytes: number,
): number | undefined {
  const count = markCompacts[receiver];
  return count === undefined ? undefined : (count * GIB) / receivedBytes;
}
