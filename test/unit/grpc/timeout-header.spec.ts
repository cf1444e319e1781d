import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodeTimeout, encodeTimeout, toMs } from '../../../lib/grpc/built-in/timeout-header.js';

const NOW = 1_700_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('encodeTimeout', () => {
  it.each([
    [-1000, '0m'],
    [0, '0m'],
    [0.25, '1m'],
    [1, '1m'],
    [99_999_999, '99999999m'],
    [100_000_000, '100000S'],
    [100_000_001, '100001S'],
    [99_999_999_000, '99999999S'],
    [100_000_000_000, '1666667M'],
    [6e12, '1666667H'],
    [1e18, '99999999H'],
  ])('of a deadline %d ms from now is %s', (ms, header) => {
    expect(encodeTimeout(NOW + ms)).toBe(header);
  });

  // Was a bug: what is less than 10^8 was rounded up to it, which takes 9 digits.
  it.each([99_999_999.5, 99_999_999_500, 99_999_999_000.5, 5_999_999_970_000])(
    'has 8 digits at most, also %d ms from now',
    (ms) => {
      const header = encodeTimeout(NOW + ms);
      expect(header).toMatch(/^\d{1,8}[mSMH]$/);
      expect(decodeTimeout(header)).toBeGreaterThanOrEqual(Math.trunc(ms));
    },
  );

  it('never says less than is left, and hardly more', () => {
    for (let ms = 1; ms < 1e14; ms = Math.ceil(ms * 1.37)) {
      const said = decodeTimeout(encodeTimeout(NOW + ms))!;
      expect(said).toBeGreaterThanOrEqual(ms);
      expect(said).toBeLessThanOrEqual(ms * 1.001 + 1);
    }
  });
});

describe('decodeTimeout', () => {
  it.each([
    ['0m', 0],
    ['7m', 7],
    ['7S', 7000],
    ['7M', 420_000],
    ['7H', 25_200_000],
    ['7000u', 7],
    ['999u', 0],
    ['1500u', 1],
    ['99999999n', 99],
    ['99999999H', 359_999_996_400_000],
    ['00000001S', 1000],
  ])('%s is %i ms', (header, ms) => {
    expect(decodeTimeout(header)).toBe(ms);
  });

  it.each([
    '',
    'S',
    '1',
    '1s',
    '1h',
    '-1S',
    '+1S',
    '1.5S',
    '123456789m',
    '1SS',
    'S1',
    '1e3m',
    '١S',
  ])('%j is none', (header) => {
    expect(decodeTimeout(header)).toBeUndefined();
  });
});

describe('toMs', () => {
  it('takes dates and numbers', () => {
    expect(toMs(new Date(7))).toBe(7);
    expect(toMs(runInNewContext('new Date(7)') as Date)).toBe(7);
    expect(toMs(7)).toBe(7);
    expect(toMs(Infinity)).toBe(Infinity);
  });
});
