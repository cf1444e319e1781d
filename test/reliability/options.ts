import { parseArgs } from 'node:util';
import type { ReliabilityScenario } from './scenario.js';

/** The command line cannot be understood. */
export class UsageError extends Error {}

/** What a run is to do. */
export interface ReliabilityOptions {
  scenarios: readonly ReliabilityScenario[];
  /** Short runs of fewer things, for CI. */
  quick: boolean;
  /** Whether the tables go into the documentation. */
  docs: boolean;
}

/**
 * Reads the command line.
 *
 * @param all - the scenarios that there are.
 * @returns undefined if it asks for help.
 * @throws UsageError naming what is wrong with it.
 */
export function readOptions(
  args: string[],
  all: readonly ReliabilityScenario[],
): ReliabilityOptions | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      docs: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const unknown = positionals.filter((name) => !all.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    throw new UsageError(`not a scenario: ${unknown.join(', ')}\n\n${usage(all)}`);
  }
  const named = all.filter(({ name }) => positionals.includes(name));
  return { ...values, scenarios: named.length > 0 ? named : all };
}

/** What the command line may be. */
export function usage(all: readonly ReliabilityScenario[]): string {
  return `Usage: npm run reliability -- [options] [scenario ...]

  --quick   short runs, 3 minutes in all
  --docs    write the tables into docs/reliability.md
  --help

Scenarios: ${all.map(({ name }) => name).join(', ')}`;
}
