import { afterEach, describe, expect, it, vi } from 'vitest';
import { Backoff } from '../../../lib/grpc/built-in/client/backoff.js';

afterEach(() => {
  vi.restoreAllMocks();
});

function delays(backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => backoff.next());
}

describe('Backoff', () => {
  it('grows by 1.6 up to its maximum', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5); // No jitter.
    expect(delays(new Backoff(100, 300), 5).map(Math.round)).toEqual([100, 160, 256, 300, 300]);
  });

  it('begins with a second and ends with two minutes unless it is told otherwise', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const all = delays(new Backoff(), 20);
    expect(all[0]).toBe(1000);
    expect(all.at(-1)).toBe(120_000);
  });

  it('begins anew once it has connected', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const backoff = new Backoff(100, 1000);
    delays(backoff, 4);
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  it('does not go below its beginning for a smaller maximum', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    expect(delays(new Backoff(100, 10), 3)).toEqual([100, 100, 100]);
  });

  it('differs by a fifth either way', () => {
    const first = Array.from({ length: 2000 }, () => new Backoff(1000).next());
    expect(Math.min(...first)).toBeGreaterThanOrEqual(800);
    expect(Math.max(...first)).toBeLessThanOrEqual(1200);
    expect(Math.min(...first)).toBeLessThan(850);
    expect(Math.max(...first)).toBeGreaterThan(1150);
  });
});
