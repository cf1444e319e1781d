import { listsOf } from '../program/mutate.js';
import type { Program, Step } from '../program/step.js';

/**
 * A shorter program that is still `dear`: without steps, with fewer repetitions, without what is not needed.
 *
 * @param ms - milliseconds that it may take.
 */
export async function minimise(
  program: Program,
  dear: (candidate: Program) => Promise<boolean>,
  ms: number,
): Promise<Program> {
  let best = program;
  const until = performance.now() + ms;
  for (let isShorter = true; isShorter && performance.now() < until;) {
    isShorter = false;
    for (const candidate of shorter(best)) {
      if (performance.now() > until) break;
      if (!(await dear(candidate))) continue;
      best = candidate;
      isShorter = true;
      break;
    }
  }
  return best;
}

/** Programs that are a little simpler, those first that are much simpler. */
function* shorter(program: Program): Generator<Program> {
  const count = listsOf(program.steps).length;
  for (let size = 4; size >= 1; size = Math.floor(size / 2)) {
    for (let list = 0; list < count; list += 1) {
      const { length } = listsOf(program.steps)[list]!;
      for (let at = length - size; at >= 0; at -= size) {
        yield changed(program, list, (steps) => void steps.splice(at, size));
      }
    }
  }
  for (let list = 0; list < count; list += 1) {
    const steps = listsOf(program.steps)[list]!;
    for (let at = 0; at < steps.length; at += 1) {
      const step = steps[at]!;
      if (step.do === 'repeat' && step.times > 1) yield* withTimes(program, list, at, step.times);
      if (step.do === 'repeat' && step.times === 1) {
        yield changed(program, list, (own) => void own.splice(at, 1, ...inner(own[at]!)));
      }
      if (step.do !== 'headers') continue;
      for (let field = step.fields.length - 1; field >= 0; field -= 1) {
        yield changed(program, list, (own) => {
          const headers = own[at] as Extract<Step, { do: 'headers' }>;
          headers.fields.splice(field, 1);
        });
      }
    }
  }
}

function* withTimes(program: Program, list: number, at: number, times: number): Generator<Program> {
  for (const fewer of new Set([1, Math.ceil(times / 10), Math.ceil(times / 2)])) {
    if (fewer >= times) continue;
    yield changed(program, list, (own) => {
      (own[at] as Extract<Step, { do: 'repeat' }>).times = fewer;
    });
  }
}

function inner(step: Step): Step[] {
  return step.do === 'repeat' ? step.steps : [step];
}

function changed(program: Program, list: number, change: (steps: Step[]) => void): Program {
  const copy = structuredClone(program);
  change(listsOf(copy.steps)[list]!);
  return copy;
}
