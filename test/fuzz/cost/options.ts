import { parseArgs } from 'node:util';
import { CONFIGURATIONS, ENGINES, type Configuration } from './configurations.js';
import { PLANTED } from './planted/planted.js';
import { CATEGORIES, type Category } from './search/cost.js';

/** The command line cannot be understood. */
export class UsageError extends Error {}

/** What a run is to do. */
export interface CostOptions {
  configurations: readonly Configuration[];
  categories: readonly Category[];
  /** Whether slow peers are tried, too. */
  time: boolean;
  minutes: number;
  seed: number;
  /** The name of a fault that is put back. */
  planted: string | undefined;
}

const DEFAULT_MINUTES = '5';

/** Reads the command line; undefined if it asks for help. @throws UsageError naming what is wrong with it. */
export function readOptions(args: string[]): CostOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const wanted = values.engine ?? PLANTED[values.planted ?? '']?.engine;
  const configurations = CONFIGURATIONS.filter(
    ({ name, engine }) =>
      (wanted === undefined || engine === wanted) &&
      (values.config === undefined || name.includes(values.config)),
  );
  oneOf('--engine', values.engine, ENGINES);
  if (configurations.length === 0) {
    throw new UsageError(`no configuration has "${values.config}" in its name: see --help`);
  }
  oneOf('--category', values.category, [...CATEGORIES, 'time']);
  oneOf('--planted', values.planted, Object.keys(PLANTED));
  const category = (values.category ?? PLANTED[values.planted ?? '']?.category) as
    Category | 'time' | undefined;
  return {
    configurations,
    categories: category === undefined ? CATEGORIES : category === 'time' ? [] : [category],
    time: category === undefined || category === 'time',
    minutes: number('--minutes', values.minutes),
    seed: number('--seed', values.seed),
    planted: values.planted,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        engine: { type: 'string' },
        config: { type: 'string' },
        category: { type: 'string' },
        planted: { type: 'string' },
        minutes: { type: 'string', default: DEFAULT_MINUTES },
        seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${usage()}`);
  }
}

function oneOf(option: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return;
  throw new UsageError(`${option} ${value}: give one of ${known.join(', ')}`);
}

function number(option: string, value: string): number {
  const parsed = Number(value);
  if (value !== '' && Number.isFinite(parsed) && parsed >= 0) return parsed;
  throw new UsageError(`${option} ${value}: give a number, 0 or more`);
}

/** What the command line may be. */
export function usage(): string {
  return `Usage: npm run fuzz:cost -- [options]

  --minutes N        how long to search (default ${DEFAULT_MINUTES}); slow peers take about a minute more
  --seed S           another search (default: the time)
  --engine NAME      ${ENGINES.join(' or ')} (default: both in turn)
  --config TEXT      only configurations whose name contains TEXT
  --category NAME    ${[...CATEGORIES, 'time'].join(', ')} (default: all)
  --planted NAME     puts a mended fault back and searches its category: ${Object.keys(PLANTED).join(', ')}
  --help

Configurations: ${CONFIGURATIONS.map(({ name }) => name).join(', ')}`;
}
