import { cpu } from './cpu.js';

const ROUNDS = 400_000;

/** Does a fixed piece of work. Returns the milliseconds of processor time that it took: how fast the machine is now. */
export function referenceWork(): number {
  const before = cpu();
  const map = new Map<number, number>();
  for (let i = 0; i < ROUNDS; i += 1) map.set(i & 1023, (map.get((i * 7) & 1023) ?? 0) + i);
  return cpu() - before;
}
