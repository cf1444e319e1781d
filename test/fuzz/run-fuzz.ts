import { ConnectionFuzz } from './fuzz-connection.js';
import { fuzzBlocks } from './fuzz-blocks.js';
import { PairFuzz } from './fuzz-pair.js';
import { fuzzYamuxParser, fuzzYamuxSession } from './yamux/run-yamux-fuzz.js';

const FRAMES_OF_A_CASE = 400;
const BLOCKS_OF_A_CASE = 500;
const CALLS_OF_A_CASE = 20;
/** Milliseconds that one case may take; a case takes a few of them. */
const TIMEOUT_MS = 60_000;

/** How much to do. */
export interface FuzzOptions {
  frames: number;
  blocks: number;
  calls: number;
  /** Frames to sessions of yamux. */
  yamux?: number;
  /** Frames to its parser alone. */
  parser?: number;
  seed: number;
}

/** What was done. */
export interface FuzzResult {
  cases: number;
  frames: number;
  blocks: number;
  calls: number;
  bytes: number;
  yamux: number;
  /** Frames that the sessions of yamux have written. */
  yamuxWritten: number;
  /** Seconds that they took. */
  yamuxSeconds: number;
  parser: number;
  peakRss: number;
  peakHeap: number;
}

/**
 * Runs cases until there were as many frames, header blocks and calls.
 *
 * @throws Error that names the seed of the case that failed.
 */
export async function runFuzz(options: FuzzOptions): Promise<FuzzResult> {
  const result: FuzzResult = {
    cases: 0,
    frames: 0,
    blocks: 0,
    calls: 0,
    bytes: 0,
    yamux: 0,
    yamuxWritten: 0,
    yamuxSeconds: 0,
    parser: 0,
    peakRss: 0,
    peakHeap: 0,
  };
  await fuzzHttp2(options, result);
  await fuzzYamux(options, result);
  return result;
}

async function fuzzHttp2(options: FuzzOptions, result: FuzzResult): Promise<void> {
  let seed = options.seed;
  while (result.frames < options.frames) {
    result.frames += await runCase('frames', seed++, (own) =>
      new ConnectionFuzz(own).run(FRAMES_OF_A_CASE),
    );
    measure(result);
  }
  while (result.blocks < options.blocks) {
    await runCase('blocks', seed++, (own) => fuzzBlocks(own, BLOCKS_OF_A_CASE));
    result.blocks += BLOCKS_OF_A_CASE;
    measure(result);
  }
  while (result.calls < options.calls) {
    result.bytes += await runCase('calls', seed++, (own) => new PairFuzz(own).run(CALLS_OF_A_CASE));
    result.calls += CALLS_OF_A_CASE;
    measure(result);
  }
}

async function fuzzYamux(options: FuzzOptions, result: FuzzResult): Promise<void> {
  let seed = options.seed;
  const startedAt = performance.now();
  while (result.yamux < (options.yamux ?? 0)) {
    const { sent, received } = await runCase('yamux', seed++, fuzzYamuxSession);
    result.yamux += sent;
    result.yamuxWritten += received;
    measure(result);
  }
  result.yamuxSeconds = (performance.now() - startedAt) / 1000;
  while (result.parser < (options.parser ?? 0)) {
    result.parser += await runCase('parser', seed++, fuzzYamuxParser);
    measure(result);
  }
}

function measure(result: FuzzResult): void {
  result.cases += 1;
  // A look at the memory takes longer than some cases.
  if (result.cases % 20 !== 1) return;
  const { rss, heapUsed } = process.memoryUsage();
  result.peakRss = Math.max(result.peakRss, rss);
  result.peakHeap = Math.max(result.peakHeap, heapUsed);
}

/** Runs one case, in which nothing may be thrown, not even where nobody catches it. */
export async function runCase<T>(
  kind: string,
  seed: number,
  run: (seed: number) => T | Promise<T>,
): Promise<T> {
  let stray: unknown;
  const others = process.listeners('uncaughtException');
  const onStray = (error: unknown): void => {
    stray ??= error;
  };
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', onStray);
  let timer: NodeJS.Timeout | undefined;
  try {
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('it hangs')), TIMEOUT_MS);
    });
    const value = await Promise.race([run(seed), timeout]);
    await new Promise((resolve) => setImmediate(resolve));
    if (stray !== undefined) throw stray;
    return value;
  } catch (error) {
    throw new Error(`${kind}, seed ${seed}: ${String(stray ?? error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    process.off('uncaughtException', onStray);
    for (const other of others) process.on('uncaughtException', other);
  }
}
