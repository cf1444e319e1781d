import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../unit/http2/hpack/random.js';
import type { Configuration } from './configurations.js';
import type { CostOptions } from './options.js';
import { printFind } from './report/print-find.js';
import { showFigure, WorstCosts } from './report/worst.js';
import { PROMISES } from './search/promises.js';
import { Search, type Find } from './search/search.js';

/** Milliseconds on one configuration at a time, at least and at most. */
const SLICE_MS = { least: 6000, most: 120_000 };
const FINDS = 'bench-results/fuzz-cost';

/**
 * Searches as the options say, and tells about it line by line.
 *
 * @returns whether all promises were kept.
 */
export async function runCost(options: CostOptions, say: (line: string) => void): Promise<boolean> {
  const startedAt = performance.now();
  const worst = new WorstCosts();
  const finds: Find[] = [];
  const search = new Search({
    categories: options.categories,
    seed: options.seed,
    targets: new URL('target/end.js', import.meta.url),
    worst,
    recorded: () => [],
    onSuspicion: ({ name }, category, cost) =>
      say(
        `  ${name}: ${category}: ${showFigure(category, cost)} for ${cost.sent} bytes; tried again`,
      ),
    onFind: (find) => {
      finds.push(find);
      say(describe(find, write(find, finds.length)));
    },
  });
  say(`seed ${options.seed}`);
  const until = startedAt + options.minutes * 60_000;
  for (const configuration of inTurn(options)) {
    const left = until - performance.now();
    if (left <= 0) break;
    await search.run(configuration, Math.min(left, sliceMs(options)));
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    say(
      `${seconds} s: ${search.played} connections, last to ${configuration.name}; ${finds.length} finds`,
    );
  }
  say(worst.toString());
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

function write(find: Find, number: number): string {
  mkdirSync(FINDS, { recursive: true });
  const name = `${find.configuration.name.replaceAll('/', '-')}-${find.category}-${number}.mjs`;
  const path = join(FINDS, name);
  writeFileSync(path, printFind(find));
  return path;
}

function describe({ configuration, category, cost, seed }: Find, path: string): string {
  const { says } = PROMISES[category];
  const faults = cost.faults.map((fault) => `\n  ${fault}`).join('');
  return `BROKEN ${configuration.name}: ${showFigure(category, cost)} ${says}, for ${cost.sent} bytes (seed ${seed}): ${path}${faults}`;
}
