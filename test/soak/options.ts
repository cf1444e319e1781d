import { parseArgs } from 'node:util';
import type { ChurnOptions, SoakOptions } from './results.js';

export const USAGE = `Usage: npm run soak -- [options]

  --connections N   connections to open, use and end (10000)
  --calls N         calls, half of them in each direction (1000000)
  --churn           instead of both: peers that connect, call, get lost and come again
  --minutes M       of churn (60)
  --share S         of one core, that each end takes for it at most (0.1); 1 is as fast as it goes
  --seed S          of everything that is random (another each time)
  --json            print nothing on stdout but the result, as one JSON object
  --snapshots DIR   write heap snapshots of both ends there, twice per phase`;

/** The command line cannot be understood. */
export class UsageError extends Error {}

/** What the command line asks for. */
export type Wish = { json: boolean } & (
  { churn: ChurnOptions; soak?: never } | { soak: SoakOptions; churn?: never }
);

/** @throws UsageError naming what is wrong with the command line. */
export function readOptions(args: string[]): Wish {
  const { values } = parseArgs({
    args,
    options: {
      connections: { type: 'string', default: '10000' },
      calls: { type: 'string', default: '1000000' },
      churn: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '60' },
      share: { type: 'string', default: '0.1' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
      json: { type: 'boolean', default: false },
      snapshots: { type: 'string' },
    },
  });
  const { json, snapshots } = values;
  const seed = count('seed', values.seed);
  if (values.churn) {
    const minutes = positive('minutes', values.minutes);
    return { json, churn: { minutes, share: positive('share', values.share), seed, snapshots } };
  }
  const connections = count('connections', values.connections);
  return { json, soak: { connections, calls: count('calls', values.calls), seed, snapshots } };
}

function count(name: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new UsageError(`--${name} must be a whole number, 1 or more, not "${text}"\n\n${USAGE}`);
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (number > 0 && number < Infinity) return number;
  throw new UsageError(`--${name} must be a number above 0, not "${text}"\n\n${USAGE}`);
}
