import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RateLimitedLog } from '../../../lib/nest/log/rate-limited-log.js';
import { logLinesOf, type LogLine } from '../../fixtures/nest/log-lines.js';

describe('RateLimitedLog', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function start(rate = { maxLines: 2, periodMs: 10_000 }) {
    const lines: LogLine[] = logLinesOf('ListenMuxServer');
    const log = new RateLimitedLog(new Logger('ListenMuxServer'), rate);
    const write = (kind: string, from: number, to = from) => {
      for (let i = from; i <= to; i += 1) log.write('warn', kind, () => [`${kind} ${i}`, { i }]);
    };
    return { log, write, messages: () => lines.splice(0).map(({ message }) => message), lines };
  }

  it('writes lines as they are, with their level and their data', () => {
    const { log, lines } = start();

    log.write('warn', 'a', () => ['text', { data: 1 }]);
    log.write('error', 'b', () => ['text', { data: 2 }, 'stack']);

    expect(lines).toEqual([
      { level: 'warn', message: 'text', data: { data: 1 } },
      { level: 'error', message: 'text', data: { data: 2 }, stack: 'stack' },
    ]);
  });

  it('HX-16 makes a few lines of two million, the last of which says how many there were', () => {
    const { write, lines } = start({ maxLines: 10, periodMs: 10_000 });

    write('bad connections', 1, 2_000_000);
    vi.advanceTimersByTime(10_000);

    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toEqual({
      level: 'warn',
      message: 'and 1999990 more in the last 10 s: bad connections',
      data: { kind: 'bad connections', more: 1_999_990 },
    });
  });

  it('does not even make the lines that it leaves out', () => {
    const { log } = start();
    const line = vi.fn(() => ['text'] as [string]);

    for (let i = 0; i < 5; i += 1) log.write('warn', 'a', line);

    expect(line).toHaveBeenCalledTimes(2);
  });

  it('leaves nothing out for the sake of another kind', () => {
    const { write, messages } = start();

    write('a', 1, 5);
    write('b', 1);

    expect(messages()).toEqual(['a 1', 'a 2', 'b 1']);
  });

  it('begins anew with each period, whether something was left out or not', () => {
    const { write, messages } = start();

    write('a', 1, 2);
    vi.advanceTimersByTime(10_000);
    write('a', 3, 6);
    vi.advanceTimersByTime(10_000);
    write('a', 7);

    expect(messages()).toEqual([
      'a 1',
      'a 2',
      'a 3',
      'a 4',
      'and 2 more in the last 10 s: a',
      'a 7',
    ]);
  });

  it('says nothing of what is over', () => {
    const { write, messages } = start();
    write('a', 1, 3);
    vi.advanceTimersByTime(10_000);
    messages();

    vi.advanceTimersByTime(60_000);

    expect(messages()).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends a period as long after its first line as it lasts', () => {
    const { write, messages } = start();

    write('a', 1, 2);
    vi.advanceTimersByTime(4000);
    write('a', 3);
    vi.advanceTimersByTime(5999);
    expect(messages()).toEqual(['a 1', 'a 2']);
    vi.advanceTimersByTime(1);

    expect(messages()).toEqual(['and 1 more in the last 10 s: a']);
  });

  it('can be asked to say at once what it has left out', () => {
    const { log, write, messages } = start();
    write('a', 1, 4);
    vi.advanceTimersByTime(2500);

    log.flush();
    log.flush();

    expect(messages()).toEqual(['a 1', 'a 2', 'and 2 more in the last 3 s: a']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('begins a period when it has been asked to', () => {
    const { log, write, messages } = start();
    write('a', 1, 4);
    vi.advanceTimersByTime(2500);
    log.flush();
    messages();

    write('a', 5, 7);
    vi.advanceTimersByTime(9999);
    expect(messages()).toEqual(['a 5', 'a 6']);
    vi.advanceTimersByTime(1);

    expect(messages()).toEqual(['and 1 more in the last 10 s: a']);
  });

  it('has no timer while nothing is left out', () => {
    const { write } = start();

    write('a', 1, 2);

    expect(vi.getTimerCount()).toBe(0);
  });
});
