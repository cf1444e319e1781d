import { afterEach, describe, expect, it, vi } from 'vitest';
import { Backoff } from '../../../lib/grpc/built-in/client/backoff.js';

afterEach(() => {
  vi.restoreAllMocks();
});

function delays(backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => backoff.next());
}

describe('Backoff', () => {
  it('has limits that grow by 1.6 up to the greatest', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    expect(delays(new Backoff(100, 300), 5).map(Math.round)).toEqual([100, 160, 256, 300, 300]);
  });

  it('begins with a second and ends with two minutes unless it is told otherwise', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const all = delays(new Backoff(), 20);
    expect(all[0]).toBe(1000);
    expect(all.at(-1)).toBe(120_000);
  });

  it('begins anew once it has connected', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const backoff = new Backoff(100, 1000);
    delays(backoff, 4);
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  it('does not go below its beginning for a smaller maximum', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    expect(delays(new Backoff(100, 10), 3)).toEqual([100, 100, 100]);
  });

  it.each([
    ['first', 0, 1000],
    ['fifth', 4, 6553.6],
    ['twentieth', 19, 120_000],
  ])('spreads the %s wait of many evenly from nothing to the limit', (_which, before, limitMs) => {
    const tenths = Array<number>(10).fill(0);
    for (let client = 0; client < 5000; client += 1) {
      const backoff = new Backoff();
      delays(backoff, before);
      tenths[Math.floor((backoff.next() / limitMs) * 10)]! += 1;
    }
    // 500 each, with a standard deviation of 21.
    for (const share of tenths) expect(Math.abs(share - 500)).toBeLessThan(150);
  });
});
