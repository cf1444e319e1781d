export { countBoundOf } from './count-bound.js';
export { COUNT_CASES, type CountCase } from './count-cases.js';
export { formatCounts, type CheckedCount } from './counts-table.js';
export { runCounts, takeCounts } from './run-counts.js';
