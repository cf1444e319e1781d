import type { Program, Step } from './step.js';

/**
 * The program with messages that are not compressed: the engine `grpc-js` decodes compressed ones without
 * a limit of its own, as docs/limits.md says.
 */
export function withPlainMessages(program: Program): Program {
  return { ...program, steps: program.steps.map(plain) };
}

function plain(step: Step): Step {
  if (step.do === 'repeat') return { ...step, steps: step.steps.map(plain) };
  return step.do === 'message' ? { ...step, compression: 'none' } : step;
}
