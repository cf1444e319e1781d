import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IdleTimer } from '../../../lib/grpc/built-in/client/idle-timer.js';

const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function timing(timeoutMs?: number): { timer: IdleTimer; onIdle: ReturnType<typeof vi.fn> } {
  const onIdle = vi.fn();
  return { timer: new IdleTimer(timeoutMs, onIdle), onIdle };
}

describe('IdleTimer', () => {
  it('does nothing for a channel that was never used', () => {
    const { onIdle } = timing(MINUTE);
    vi.advanceTimersByTime(10 * MINUTE);
    expect(onIdle).not.toHaveBeenCalled();
  });

  it('tells of half an hour without use unless it is told otherwise', () => {
    const { timer, onIdle } = timing();
    timer.touch();
    vi.advanceTimersByTime(30 * MINUTE - 1);
    expect(onIdle).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onIdle).toHaveBeenCalledOnce();
  });

  it('counts from the last use', () => {
    const { timer, onIdle } = timing(MINUTE);
    timer.touch();
    vi.advanceTimersByTime(MINUTE - 1);
    timer.touch();
    vi.advanceTimersByTime(MINUTE - 1);
    expect(onIdle).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onIdle).toHaveBeenCalledOnce();
  });

  it('never tells while a call runs, and counts from its end', () => {
    const { timer, onIdle } = timing(MINUTE);
    timer.touch();
    timer.callStarted();
    timer.callStarted();
    vi.advanceTimersByTime(10 * MINUTE + 7);
    timer.callEnded();
    vi.advanceTimersByTime(10 * MINUTE);
    timer.callEnded();
    vi.advanceTimersByTime(MINUTE - 1);
    expect(onIdle).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onIdle).toHaveBeenCalledOnce();
  });

  it('tells again after it was used again', () => {
    const { timer, onIdle } = timing(MINUTE);
    timer.touch();
    vi.advanceTimersByTime(MINUTE);
    timer.touch();
    vi.advanceTimersByTime(MINUTE);
    expect(onIdle).toHaveBeenCalledTimes(2);
  });

  it('tells nothing once it is stopped', () => {
    const { timer, onIdle } = timing(MINUTE);
    timer.touch();
    timer.stop();
    timer.touch();
    vi.advanceTimersByTime(10 * MINUTE);
    expect(onIdle).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits a second at least', () => {
    const { timer, onIdle } = timing(1);
    timer.touch();
    vi.advanceTimersByTime(999);
    expect(onIdle).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onIdle).toHaveBeenCalledOnce();
  });

  it.each([2 ** 31 - 1, Infinity])('has no timer for %d ms', (timeoutMs) => {
    const { timer } = timing(timeoutMs);
    timer.touch();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has one timer for any number of calls', () => {
    const { timer } = timing(MINUTE);
    for (let i = 0; i < 1000; i += 1) {
      timer.callStarted();
      timer.callEnded();
    }
    expect(vi.getTimerCount()).toBe(1);
  });
});
