import { parseArgs } from 'node:util';
import type { SoakOptions } from './results.js';

export const USAGE = `Usage: npm run soak -- [options]

  --connections N   connections to open, use and end (10000)
  --calls N         calls, half of them in each direction (1000000)
  --seed S          of everything that is random (another each time)
  --json            print nothing on stdout but the result, as one JSON object
  --snapshots DIR   write heap snapshots of both ends there, twice per phase`;

/** The command line cannot be understood. */
export class UsageError extends Error {}

/** @throws UsageError naming what is wrong with the command line. */
export function readOptions(args: string[]): SoakOptions & { json: boolean } {
  const { values } = parseArgs({
    args,
    options: {
      connections: { type: 'string', default: '10000' },
      calls: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
      json: { type: 'boolean', default: false },
      snapshots: { type: 'string' },
    },
  });
  return {
    connections: count('connections', values.connections),
    calls: count('calls', values.calls),
    seed: count('seed', values.seed),
    json: values.json,
    snapshots: values.snapshots,
  };
}

function count(name: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new UsageError(`--${name} must be a whole number, 1 or more, not "${text}"\n\n${USAGE}`);
}
