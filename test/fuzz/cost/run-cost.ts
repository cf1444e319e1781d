import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../unit/http2/hpack/random.js';
import type { Configuration } from './configurations.js';
import type { CostOptions } from './options.js';
import { plant } from './planted/plant.js';
import { printFind, printTimeFind } from './report/print-find.js';
import { SlowestOperations } from './report/slowest.js';
import { showFigure, WorstCosts } from './report/worst.js';
import { record } from './search/record.js';
import { PROMISES } from './search/promises.js';
import { Search, type Find } from './search/search.js';
import { searchTime, type TimeFind } from './time/search-time.js';

/** Milliseconds on one configuration at a time, at least and at most. */
const SLICE_MS = { least: 6000, most: 120_000 };
/** Of a run that looks for everything, slow peers get so much. */
const SHARE_OF_TIME = 0.2;
const FINDS = 'bench-results/fuzz-cost';

/**
 * Searches as the options say, and tells about it line by line.
 *
 * @param stop - ends the search early; the worst ratios so far are still told.
 * @returns whether all promises were kept; with a planted fault, whether it was found.
 */
export async function runCost(
  options: CostOptions,
  say: (line: string) => void,
  stop?: AbortSignal,
): Promise<boolean> {
  const startedAt = performance.now();
  const worst = new WorstCosts();
  const finds: (Find | TimeFind)[] = [];
  const compiled =
    options.planted === undefined ? new URL('../../../', import.meta.url) : plant(options.planted);
  const recordings = await record();
  const search = new Search({
    categories: options.categories,
    seed: options.seed,
    targets: new URL('test/fuzz/cost/target/end.js', compiled),
    worst,
    recorded: (site) => recordings[site],
    onSuspicion: ({ name }, category, cost) =>
      say(
        `  ${name}: ${category}: ${showFigure(category, cost)} for ${cost.sent} bytes; tried again`,
      ),
    isOver: () => isOver(),
    onFind: (find) => {
      finds.push(find);
      say(describe(find, write(find.configuration, find.category, printFind(find))));
    },
  });
  say(`seed ${options.seed}`);
  const until = startedAt + options.minutes * 60_000;
  const isOver = (): boolean =>
    stop?.aborted === true || (options.planted !== undefined && finds.length > 0);
  const tell = (what: string): void => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    say(`${seconds} s: ${what}; ${finds.length} finds`);
  };
  if (options.time) {
    const slowest = new SlowestOperations();
    const share = options.categories.length === 0 ? 1 : SHARE_OF_TIME;
    const timeUntil = startedAt + options.minutes * 60_000 * share;
    const tried = await searchTime({
      configurations: options.configurations.filter(({ authorised }) => authorised),
      seed: options.seed,
      targets: new URL('test/fuzz/cost/time/end.js', compiled),
      recorded: (site) => recordings[site],
      onProgress: (soFar) => tell(`${soFar} slow peers`),
      goesOn: () => performance.now() < timeUntil && !isOver(),
      onTrial: (operation, trial, { configuration, seed }) =>
        slowest.add({ operation, trial, configuration: configuration.name, seed }),
      onFind: (find) => {
        finds.push(find);
        say(describeTime(find, write(find.configuration, 'time', printTimeFind(find))));
      },
    });
    tell(`${tried} slow peers`);
    say(slowest.toString());
  }
  for (const configuration of options.categories.length > 0 ? inTurn(options) : []) {
    const left = until - performance.now();
    if (left <= 0 || isOver()) break;
    await search.run(configuration, Math.min(left, sliceMs(options)));
    tell(`${search.played} connections, last to ${configuration.name}`);
  }
  if (options.categories.length > 0) say(worst.toString());
  if (options.planted !== undefined) {
    say(`${options.planted}: ${finds.length === 0 ? 'NOT found' : 'found'}`);
    return finds.length > 0;
  }
  say(finds.length === 0 ? 'all promises were kept' : `${finds.length} broken promises`);
  return finds.length === 0;
}

/** Without an end: each configuration as often as the others. */
function* inTurn({ configurations, seed }: CostOptions): Generator<Configuration> {
  const random = new Random(seed);
  for (;;) {
    const left = [...configurations];
    while (left.length > 0) yield left.splice(random.below(left.length), 1)[0]!;
  }
}

function sliceMs({ minutes, configurations }: CostOptions): number {
  const fair = (minutes * 60_000) / configurations.length;
  return Math.max(SLICE_MS.least, Math.min(SLICE_MS.most, fair));
}

/** Writes a find to a file of its own, and tells which. */
function write({ name }: Configuration, category: string, text: string): string {
  mkdirSync(FINDS, { recursive: true });
  const start = `${name.replaceAll('/', '-')}-${category}`;
  const count = readdirSync(FINDS).filter((file) => file.startsWith(start)).length;
  const path = join(FINDS, `${start}-${count + 1}.mjs`);
  writeFileSync(path, text);
  return path;
}

function describeTime(
  { configuration, operation, vice, trial, seed }: TimeFind,
  path: string,
): string {
  const took = trial.tookMs === Infinity ? 'no end' : `${Math.round(trial.tookMs)} ms`;
  return `BROKEN ${configuration.name}: ${operation}, bound ${trial.boundMs} ms: ${took}, beside a peer that ${vice} (seed ${seed}): ${path}`;
}

function describe({ configuration, category, cost, seed }: Find, path: string): string {
  const { says } = PROMISES[category];
  const faults = cost.faults.map((fault) => `\n  ${fault}`).join('');
  return `BROKEN ${configuration.name}: ${showFigure(category, cost)} ${says}, for ${cost.sent} bytes (seed ${seed}): ${path}${faults}`;
}
