import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withTimeout } from '../../../lib/wire/index.js';

beforeEach(() => void vi.useFakeTimers());

afterEach(() => void vi.useRealTimers());

describe('waiting with a timeout', () => {
  it('ends with the promise, and leaves no timer that keeps the process alive', async () => {
    await withTimeout(1000, Promise.resolve());
    expect(vi.getTimerCount()).toBe(0);
  });

  it('fails as the promise does, and leaves no timer either', async () => {
    const failure = new Error('no');
    await expect(withTimeout(1000, Promise.reject(failure))).rejects.toBe(failure);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends after the time, when the promise does not', async () => {
    const waiting = withTimeout(1000, new Promise(() => {}));
    vi.advanceTimersByTime(1000);
    await waiting;
  });
});
