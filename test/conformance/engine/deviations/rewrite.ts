import { status } from '@grpc/grpc-js';
import type { Entry } from '../harness/journal.js';
import type { Observation } from '../harness/scenario.js';

interface Outcome {
  code: status;
  details: unknown;
  metadata?: object;
}

const OUTCOMES = new Set(['callback', 'error', 'status']);

/** What callers of a failed call are told, with another failure in its place. */
export function failingWith(entries: unknown, { code, details, metadata = {} }: Outcome): Entry[] {
  return (entries as Entry[]).map((entry) => {
    const [name, value] = entry as [string, object];
    if (!OUTCOMES.has(name)) return entry;
    const outcome = { ...value, code, details, metadata };
    if (name === 'status') return [name, outcome];
    const message = typeof details === 'string' ? `${code} ${status[code]}: ${details}` : details;
    return [name, { ...outcome, name: 'Error', message, keys: ['code', 'details', 'metadata'] }];
  });
}

/** Entries without those of these names. */
export function without(entries: unknown, ...names: string[]): Entry[] {
  return (entries as Entry[]).filter(
    (entry) => !names.includes(typeof entry === 'string' ? entry : entry[0]),
  );
}

/** A record with some text in it replaced, wherever it is. */
export function replaced(record: Observation, from: RegExp | string, to: string): Observation {
  return JSON.parse(JSON.stringify(record).replaceAll(from, to)) as Observation;
}

export const CONTENT_TYPE = { 'content-type': ['application/grpc+proto'] };
export const STATUS_OK: Entry = [
  'status',
  { code: 0, details: 'OK', metadata: {}, keys: ['code', 'details', 'metadata'] },
];
export const METADATA: Entry = ['metadata', CONTENT_TYPE];
