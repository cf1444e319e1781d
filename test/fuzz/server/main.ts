import { parseArgs } from 'node:util';
import { runFirstBytes, runServerFuzz } from './run-server-fuzz.js';

/** `npm run fuzz:server -- --first-bytes N --connections N --seed S`; connections are of each engine. */
const { values } = parseArgs({
  options: {
    'first-bytes': { type: 'string', default: '200000' },
    connections: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
  },
});
const seed = Number(values.seed);
const startedAt = performance.now();
const say = (line: string): void => {
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const rss = Math.round(process.memoryUsage.rss() / 1024 / 1024);
  process.stdout.write(`${line}; ${seconds} s, RSS ${rss} MiB\n`);
};

say(`seed ${seed}`);
await runFirstBytes(Number(values['first-bytes']), seed);
say(`${values['first-bytes']} connections with random first bytes`);
for (const engine of ['built-in', 'grpc-js'] as const) {
  const bytes = await runServerFuzz(engine, Number(values.connections), seed);
  const MiB = Math.round(bytes / 1024 / 1024);
  say(`${values.connections} connections to a server of ${engine}, ${MiB} MiB`);
}
