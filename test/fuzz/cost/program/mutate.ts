import type { Random } from '../../../unit/http2/hpack/random.js';
import type { Site } from '../play/site.js';
import { inventFields } from './invent-fields.js';
import { inventPhrase, inventReflexes, repeated, TIMES, TIMES_OF_FIELDS } from './invent.js';
import type { Field, Program, Step } from './step.js';

const MOST_STEPS = 60;
const EXTREMES = [0, 1, 2, 255, 16_384, 65_535, 65_536, 0x7fffffff, 0xffffffff];
/** Numbers that have the fuzzer itself work, and what they may be at most. */
const CAPS: Record<string, number> = {
  times: 65_536,
  fill: 65_536,
  size: 8_388_608,
  count: 65_536,
  ms: 300,
  everyMs: 5,
  pieces: 2000,
};

/**
 * A program with a few things about it changed.
 *
 * @param others - whose steps it may take over.
 */
export function mutate(
  random: Random,
  program: Program,
  others: readonly Program[],
  site: Site,
): Program {
  const mutated = structuredClone(program);
  for (let i = random.below(4); i >= 0; i -= 1) mutateOnce(random, mutated, others, site);
  return mutated;
}

function mutateOnce(
  random: Random,
  program: Program,
  others: readonly Program[],
  site: Site,
): void {
  const steps = random.pick(listsOf(program.steps));
  // The greeting is at the beginning; what comes behind is of more interest.
  const at = Math.max(random.below(steps.length + 1), random.below(steps.length + 1));
  const step = steps[Math.min(at, steps.length - 1)];
  switch (random.below(12)) {
    case 0:
      return void steps.splice(at, 0, ...inventPhrase(random, site));
    case 1:
      return void steps.splice(at, 1);
    case 2: // Duplicate, on other streams.
      if (step !== undefined)
        steps.splice(Math.min(at, steps.length - 1), 1, repeated(random, [step]));
      return;
    case 3: {
      // Again, all that follows.
      const count = 1 + random.below(3);
      const taken = steps.splice(Math.max(0, at - count), count);
      if (taken.length > 0) steps.splice(Math.max(0, at - count), 0, repeated(random, taken));
      return;
    }
    case 4: {
      // Go on as another one does.
      const other = structuredClone(random.pick(others).steps);
      const from = random.below(other.length);
      steps.splice(at, random.chance(0.5) ? 0 : steps.length, ...other.slice(from, from + 8));
      break;
    }
    case 5:
      program.reflexes = inventReflexes(random);
      return;
    case 6:
      if (step !== undefined) swap(random, steps);
      return;
    case 7:
      return mutateFields(random, program);
    case 8: // More of the same.
      return mutateTimes(random, program);
    default:
      if (step !== undefined) mutateNumber(random, step);
  }
  if (steps.length > MOST_STEPS) steps.length = MOST_STEPS;
}

function swap(random: Random, steps: Step[]): void {
  const [a, b] = [random.below(steps.length), random.below(steps.length)];
  [steps[a], steps[b]] = [steps[b]!, steps[a]!];
}

function mutateTimes(random: Random, program: Program): void {
  const steps = listsOf(program.steps).flat();
  const indexed = steps
    .flatMap((step) => (step.do === 'headers' ? step.fields : []))
    .filter((field) => field.form === 'index');
  if (indexed.length > 0 && random.chance(0.3)) {
    const field = random.pick(indexed);
    field.times = random.pick([...TIMES_OF_FIELDS, Math.min(field.times * 4, CAPS['times']!)]);
    return;
  }
  const repeats = steps.filter((step) => step.do === 'repeat' || step.do === 'message');
  if (repeats.length === 0) return;
  const step = random.pick(repeats);
  if (step.do === 'repeat') step.times = random.pick([...TIMES, step.times * 4]);
  else if (step.do === 'message') step.count = random.pick([...TIMES, step.count * 4]);
}

function mutateFields(random: Random, program: Program): void {
  const lists = listsOf(program.steps)
    .flat()
    .flatMap((step) => (step.do === 'headers' ? [step.fields] : []));
  if (lists.length === 0) return;
  const fields: Field[] = random.pick(lists);
  const at = random.below(fields.length + 1);
  const field = fields[at];
  const kind = random.below(4);
  if (kind === 0 || field === undefined) {
    fields.splice(at, 0, ...inventFields(random, random.pick(['literal', 'insert'])));
  } else if (kind === 1) fields.splice(at, 1);
  else mutateNumber(random, field);
}

/** Changes one of an object's own numbers, flags or bytes. */
function mutateNumber(random: Random, target: Step | Field): void {
  const record = target as unknown as Record<string, unknown>;
  const key = random.pick(Object.keys(record));
  const value = record[key];
  if (typeof value === 'boolean') record[key] = !value;
  else if (typeof value === 'number') {
    const changed = changedNumber(random, value);
    record[key] = Math.min(CAPS[key] ?? 0xffffffff, Math.max(0, Math.floor(changed)));
  } else if (key === 'hex' && typeof value === 'string') record[key] = changedHex(random, value);
  else if (key === 'content') mutateNumber(random, value as Step);
}

function changedNumber(random: Random, value: number): number {
  switch (random.below(5)) {
    case 0:
      return value * 2;
    case 1:
      return value / 2;
    case 2:
      return value + 1;
    case 3:
      return value ^ (1 << random.below(8));
    default:
      return random.pick(EXTREMES);
  }
}

function changedHex(random: Random, hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length === 0 || random.chance(0.2)) return hex + random.bytes(4).toString('hex');
  bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  return bytes.toString('hex');
}

/** All lists of steps within steps, those first. */
export function listsOf(steps: Step[]): Step[][] {
  return [steps, ...steps.flatMap((step) => (step.do === 'repeat' ? listsOf(step.steps) : []))];
}
