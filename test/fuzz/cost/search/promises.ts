import { MOST_BYTES } from '../program/step.js';
import type { Category, Cost } from './cost.js';

const MiB = 1024 * 1024;

/** Bytes that any connection is answered with, however little came: settings, acknowledgements. */
const GREETING_BYTES = 1024;
/** What V8 compiles and caches while ten connections come and go is not left by them. */
const LEFT_SLACK = 0.5 * MiB;

/** What no connection that sent up to 64 KiB may cost, by category. */
export const PROMISES: Record<Category, { most: number; unit: string; says: string }> = {
  heap: { most: 16 * MiB, unit: 'bytes', says: 'held beyond what docs/limits.md grants' },
  cpu: { most: 200, unit: 'ms', says: 'of processor time' },
  block: { most: 50, unit: 'ms', says: 'in which the event loop did nothing else' },
  sent: { most: 16, unit: 'times', says: 'as much came back' },
  log: { most: 20, unit: 'lines', says: 'in the log' },
  left: { most: 1, unit: 'times', says: 'what may be left' },
};

/** The figure of a category, to be compared with its promise. */
export function figure(category: Category, cost: Cost): number {
  switch (category) {
    case 'sent':
      return Math.max(0, cost.received - GREETING_BYTES) / Math.max(cost.sent, 64);
    case 'left':
      return cost.faults.length > 0 ? Infinity : leftOf(cost);
    default:
      return cost[category];
  }
}

function leftOf({ left }: Cost): number {
  if (left === undefined) return 0;
  return Math.max(0, left.bytes) / LEFT_SLACK + 2 * Math.max(0, left.resources);
}

/** Categories whose promise is broken, or whose process fell. */
export function broken(cost: Cost, categories: readonly Category[]): Category[] {
  return categories.filter((category) => figure(category, cost) > PROMISES[category].most);
}

/**
 * How dear a program is for its bytes, beyond what any connection costs, in shares of what 64 KiB may cost.
 * What is smaller than 8 KiB counts as 8 KiB.
 */
export function ratio(category: Category, cost: Cost): number {
  const idle = category === 'cpu' || category === 'block' ? 2 * cost.idle[category] : 0;
  const share = Math.max(0, figure(category, cost) - idle) / PROMISES[category].most;
  if (category === 'sent' || category === 'left') return Number.isFinite(share) ? share : 1e6;
  return (share * MOST_BYTES) / Math.max(cost.sent, 8192);
}
