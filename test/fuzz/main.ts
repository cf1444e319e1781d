import { parseArgs } from 'node:util';
import { runFuzz } from './run-fuzz.js';

/** `npm run fuzz -- --frames N --blocks N --calls N --yamux N --parser N --seed S`; 0 leaves a part out. */
const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '1000000' },
    blocks: { type: 'string', default: '100000' },
    calls: { type: 'string', default: '20000' },
    yamux: { type: 'string', default: '1000000' },
    parser: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
  },
});
const seed = Number(values.seed);
const startedAt = performance.now();
process.stdout.write(`seed ${seed}\n`);
const result = await runFuzz({
  frames: Number(values.frames),
  blocks: Number(values.blocks),
  calls: Number(values.calls),
  yamux: Number(values.yamux),
  parser: Number(values.parser),
  seed,
});
const MiB = 1024 * 1024;
process.stdout.write(
  `HTTP/2: ${result.frames} frames, ${result.blocks} header blocks, ${result.calls} calls with ` +
    `${Math.round(result.bytes / MiB)} MiB between two connections\n` +
    `yamux: ${result.yamux} frames to sessions, which wrote ${result.yamuxWritten}, ` +
    `${Math.round(result.yamux / (result.yamuxSeconds || 1))} per second; ` +
    `${result.parser} frames to the parser\n` +
    `${result.cases} cases: ${((performance.now() - startedAt) / 1000).toFixed(0)} s, peak heap ` +
    `${Math.round(result.peakHeap / MiB)} MiB, peak RSS ${Math.round(result.peakRss / MiB)} MiB\n`,
);
