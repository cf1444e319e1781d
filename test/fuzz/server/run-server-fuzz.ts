import type { EngineName } from '../../../lib/index.js';
import { runCase } from '../run-fuzz.js';
import { fuzzFirstBytes } from './fuzz-first-bytes.js';
import { ServerFuzz } from './fuzz-server.js';

/** Connections at the same time. */
const BATCH = 20;

/** Connections whose first bytes are random. @throws Error that names the seed of the case that failed. */
export async function runFirstBytes(count: number, seed: number): Promise<void> {
  for (let i = 0; i < count; i++) await runCase('first bytes', seed + i, fuzzFirstBytes);
}

/**
 * Sends `count` recordings of real clients, tampered with, to a whole server: `BATCH` at a time, behind
 * each batch a call of a bystander in each direction.
 *
 * @returns how many bytes were sent.
 * @throws Error that names the seeds of the batch that failed.
 */
export async function runServerFuzz(
  engine: EngineName,
  count: number,
  seed: number,
): Promise<number> {
  const fuzz = await ServerFuzz.start(engine);
  let bytes = 0;
  for (let i = 0; i < count; i += BATCH) {
    bytes += await runCase(`server of ${engine}, batch of ${BATCH}`, seed + i, async (first) => {
      const seeds = Array.from({ length: BATCH }, (_, j) => first + j);
      const sent = await Promise.all(seeds.map((own) => fuzz.sendOne(own)));
      await fuzz.checkBystander();
      return sent.reduce((sum, length) => sum + length, 0);
    });
  }
  await runCase(`server of ${engine}, end`, seed, () => fuzz.checkSettled());
  await fuzz.close();
  return bytes;
}
