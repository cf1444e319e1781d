import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { PROMISES } from '../search/promises.js';
import type { Find } from '../search/search.js';
import { showFigure } from './worst.js';

interface Bundler {
  buildSync(options: object): { outputFiles: { text: string }[] };
}

/** A find as a program of its own: one file without imports but those of Node, with all steps to read. */
export function printFind({ configuration, category, program, cost, seed }: Find): string {
  const { site, tls, name } = configuration;
  const most = PROMISES[category];
  const figure = showFigure(category, cost);
  const usage =
    site === 'agent'
      ? 'node FILE PORT [--pid PID]: listens for the dialing side that it attacks'
      : 'node FILE HOST:PORT [--pid PID]: the listening side that it attacks';
  const find = { site, tls, category, most: most.most, program };
  return [
    `// ${name}, ${category}: ${cost.sent} bytes, ${figure} ${most.says}; promised: ${most.most} ${most.unit}.`,
    `// ${usage}.`,
    '// With the process identifier of that side (Linux) it tells what that took of memory and processor time.',
    ...(tls && site === 'agent' ? ['// CERT and KEY in the environment: files of PEM.'] : []),
    `// Found with seed ${seed}.`,
    `const FIND = ${JSON.stringify(find, null, 2)};`,
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
