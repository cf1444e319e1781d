import type { Random } from '../../../unit/http2/hpack/random.js';
import { requestFields } from './phrases.js';
import type { Field } from './step.js';

const METHODS = [
  'Echo',
  'Echo',
  'Count',
  'List',
  'Chat',
  'Hold',
  'Late',
  'Never',
  'Never',
  'Never',
  'EchoBack',
  'No',
];
const HEALTH = ['/grpc.health.v1.Health/Check', '/grpc.health.v1.Health/Watch'];
const PATHS = [...HEALTH, ...HEALTH, '/', ''];
const NAMES = [
  'x',
  'x-bin',
  'other-bin',
  'X',
  // Tokens of HTTP that gRPC does not allow.
  '!',
  '$',
  'a~',
  'a|b',
  '',
  'grpc-encoding',
  'grpc-accept-encoding',
  'grpc-timeout',
  'grpc-previous-rpc-attempts',
  'grpc-message',
  'grpc-status-details-bin',
  'authorization',
  'cookie',
  'content-length',
  'user-agent',
  'host',
  ':path',
  ':unknown',
  'te',
  'connection',
];
const VALUES = [
  '',
  'a',
  ',',
  ', ',
  'gzip',
  'deflate',
  'gzip,',
  '1n',
  '99999999H',
  '%',
  '%E2%98%83',
  'YWFh',
  '=',
  '\u00e9',
  '0',
  ' ',
];
const FILLS = [1, 1, 10, 100, 1000, 1300, 4000, 4059, 16_000];

/** The index of HPACK of what entered the dynamic table last. */
export const NEWEST_INDEX = 62;

/** A method that there is, most of the time. */
export function inventPath(random: Random): string {
  if (random.chance(0.8)) return `/cost.Costs/${random.pick(METHODS)}`;
  return random.pick(PATHS) + '%'.repeat(random.pick([0, 0, 0, 100, 3900]));
}

/** Headers of a request, most of them in order. */
export function inventRequest(
  random: Random,
  form: 'literal' | 'insert' = 'literal',
  path = inventPath(random),
): Field[] {
  const fields = requestFields(path, form);
  if (random.chance(0.2)) fields.push(...inventFields(random, form));
  if (random.chance(0.05)) fields.splice(random.below(fields.length), 1);
  return fields;
}

/** The same list of fields as one of which some have been inserted, by their indices: the last `times` times. */
export function repeatedByIndex(fields: readonly Field[], times: number): Field[] {
  let index = NEWEST_INDEX + fields.filter(({ form }) => form === 'insert').length;
  let last: Field | undefined;
  const again = fields.map((field): Field => {
    if (field.form !== 'insert') return field;
    index -= 1;
    return (last = { form: 'index', index, times: 1 });
  });
  if (last?.form === 'index') last.times = times;
  return again;
}

/** A few fields of any names and values. */
export function inventFields(random: Random, form: 'literal' | 'insert'): Field[] {
  return Array.from({ length: 1 + random.below(2) }, () => inventField(random, form));
}

function inventField(random: Random, form: 'literal' | 'insert'): Field {
  const kind = random.below(12);
  if (kind === 0) return { form: 'size', size: random.pick([0, 100, 4096, 1_000_000]) };
  if (kind < 3) return { form: 'index', index: random.pick([62, 63, 1, 61]), times: 1 };
  const name = random.pick(NAMES);
  // The value of a binary header is a list.
  const isList = name.endsWith('-bin') && random.chance(0.5);
  const value = isList ? ',' : random.pick(VALUES);
  return { form, name, value, fill: random.pick(FILLS) };
}
