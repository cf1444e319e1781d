export { isBroken, judgeTargets, type JudgedCell, type JudgedTarget } from './judge-targets.js';
export { formatTargets } from './targets-table.js';
export type { Bound, Judged, Target } from './target.js';
export { TARGETS } from './targets.js';
