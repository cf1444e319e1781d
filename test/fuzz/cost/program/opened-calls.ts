import type { Program, Step } from './step.js';

const MOST = 10_000;

/** How many calls a program opens at most: header blocks that it sends. */
export function openedCalls(program: Program): number {
  return Math.min(MOST, countIn(program.steps));
}

function countIn(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => {
    if (step.do === 'headers') return sum + 1;
    return step.do === 'repeat' ? sum + Math.min(MOST, step.times * countIn(step.steps)) : sum;
  }, 0);
}
