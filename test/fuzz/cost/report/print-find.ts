import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Configuration } from '../configurations.js';
import { MOST_WAIT_MS } from '../program/step.js';
import { PROMISES } from '../search/promises.js';
import type { Find } from '../search/search.js';
import type { TimeFind } from '../time/search-time.js';
import { showFigure } from './worst.js';

/** Milliseconds that a slow peer goes on. */
const SLOW_MS = 60_000;

interface Bundler {
  buildSync(options: object): { outputFiles: { text: string }[] };
}

/** A find as a program of its own: one file without imports but those of Node, with all steps to read. */
export function printFind({ configuration, category, program, cost, seed }: Find): string {
  const promise = PROMISES[category];
  const figure = showFigure(category, cost);
  return print(
    configuration,
    `${category}: ${cost.sent} bytes, ${figure} ${promise.says}; promised: ${promise.most} ${promise.unit}.`,
    seed,
    { category, most: promise.most, mostWaitMs: MOST_WAIT_MS, program },
  );
}

/** The same of a slow peer. It goes on until it is stopped: the operation is up to the reader. */
export function printTimeFind({
  configuration,
  operation,
  vice,
  trial,
  program,
  seed,
}: TimeFind): string {
  return print(
    configuration,
    `time: a peer that ${vice}; beside it, ${operation} takes more than ${trial.boundMs} ms.`,
    seed,
    { category: 'time', most: trial.boundMs, mostWaitMs: SLOW_MS, program },
  );
}

function print(
  { site, tls, name }: Configuration,
  says: string,
  seed: number,
  find: object,
): string {
  const usage =
    site === 'agent'
      ? 'node FILE PORT [--pid PID]: listens for the dialing side that it attacks'
      : 'node FILE HOST:PORT [--pid PID]: the listening side that it attacks';
  return [
    `// ${name}, ${says}`,
    `// ${usage}.`,
    '// With the process identifier of that side (Linux) it tells what that took of memory and processor time.',
    ...(tls && site === 'agent' ? ['// CERT and KEY in the environment: files of PEM.'] : []),
    `// Found with seed ${seed}.`,
    `const FIND = ${JSON.stringify({ site, tls, ...find }, null, 2)};`,
    '',
    bundledReplay(),
  ].join('\n');
}

/** The module that plays a find, and all that it needs, as one text. */
function bundledReplay(): string {
  const requireHere = createRequire(import.meta.url);
  const requireAsTsx = createRequire(requireHere.resolve('tsx/package.json'));
  const { buildSync } = requireAsTsx('esbuild') as Bundler;
  const entry = fileURLToPath(new URL('replay.js', import.meta.url));
  const built = buildSync({
    stdin: {
      contents: readFileSync(entry, 'utf8'),
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    legalComments: 'none',
    logLevel: 'error',
  });
  return built.outputFiles[0]!.text;
}
