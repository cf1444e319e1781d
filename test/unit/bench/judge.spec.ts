import { describe, expect, it } from 'vitest';
import { boundOf, isOutgrown, judge, needsSample } from '../../bench/check/judge.js';
import { sampleOf } from '../../bench/check/sample-of.js';
import { geometricMean, median } from '../../bench/statistics.js';
import { Random } from '../http2/hpack/random.js';

const RECORDED = 0.2;
const BELOW = 0.25;
const ABOVE = 0.27;

describe('a sample', () => {
  it('is the geometric mean of the third of rounds in the middle', () => {
    expect(sampleOf([0.5])).toBeCloseTo(0.5);
    expect(sampleOf([9, 2, 0.1])).toBeCloseTo(2);
    expect(sampleOf([8.9, 0.5, 1, 0.01, 2, 0.001, 5])).toBeCloseTo(1);
  });

  it('cannot be made of a round in which nothing was completed', () => {
    expect(() => geometricMean([1, Number.NaN])).toThrow(RangeError);
    expect(() => geometricMean([1, Infinity])).toThrow(RangeError);
    expect(() => geometricMean([1, 0])).toThrow(RangeError);
    expect(() => geometricMean([])).toThrow(RangeError);
  });
});

describe('the judge', () => {
  it.each([
    ['ok', [BELOW, BELOW], RECORDED],
    ['ok', [ABOVE, BELOW, BELOW], RECORDED],
    ['ok', [boundOf(RECORDED)], RECORDED],
    ['exceeded', [ABOVE, ABOVE], RECORDED],
    ['exceeded', [ABOVE, BELOW, ABOVE], RECORDED],
    ['exceeded', [ABOVE], RECORDED],
    ['unmeasured', [], RECORDED],
  ] as const)('says %s of %j', (verdict, samples, recorded) => {
    expect(judge(samples, recorded)).toBe(verdict);
  });

  it('wants a third sample only when two do not agree', () => {
    expect(needsSample([], RECORDED)).toBe(true);
    expect(needsSample([BELOW], RECORDED)).toBe(true);
    expect(needsSample([ABOVE, BELOW], RECORDED)).toBe(true);
    expect(needsSample([BELOW, BELOW], RECORDED)).toBe(false);
    expect(needsSample([ABOVE, ABOVE], RECORDED)).toBe(false);
  });

  it('tells when the record allows a slowdown that nobody would notice', () => {
    expect(isOutgrown([0.15, 0.15], RECORDED)).toBe(true);
    expect(isOutgrown([0.16, 0.16], RECORDED)).toBe(false);
    expect(isOutgrown([], RECORDED)).toBe(false);
  });
});

/** Samples of a run with --record, with other work on the machine. */
const SAMPLES_OF_A_RUN = {
  'unary-64B-c64': [0.108, 0.111, 0.105, 0.116, 0.118],
  'nest-unary-c64': [0.111, 0.124, 0.125, 0.0964, 0.166],
  'stream-1KiB': [0.158, 0.156, 0.148, 0.153, 0.161],
  'stream-64KiB': [0.105, 0.102, 0.0929, 0.0813, 0.0973],
  'stream-1MiB': [1.23, 1.48, 1.2, 1.28, 1.21],
  'mux-64KiB-x1': [0.931, 0.749, 0.754, 0.958, 0.907],
  'mux-1KiB-x16': [1.29, 1.31, 1.17, 1.22, 1.29],
};

describe('the judge, asked 20,000 times', () => {
  const CHECKS = 20_000;

  /** The share of checks that fail; `draw` gives a sample relative to the recorded ratio. */
  function failures(draw: () => number): number {
    let count = 0;
    for (let check = 0; check < CHECKS; check++) {
      const samples: number[] = [];
      while (needsSample(samples, 1)) samples.push(draw());
      if (judge(samples, 1) === 'exceeded') count++;
    }
    return count / CHECKS;
  }

  describe('of samples with the deviation that most workloads have', () => {
    const LOG_DEVIATION = 0.09;

    function draws(slowdown: number): () => number {
      const random = new Random(1);
      // The sum of twelve is as good as normal, with a deviation of 1.
      const normal = (): number =>
        Array.from({ length: 12 }, () => random.below(1e9) / 1e9).reduce((a, b) => a + b) - 6;
      return () => slowdown * Math.exp(LOG_DEVIATION * normal());
    }

    it('raises less than one false alarm in 5,000', () =>
      expect(failures(draws(1))).toBeLessThan(1 / 5000));

    it('notices that something takes one and a half times as long', () =>
      expect(failures(draws(1.5))).toBeGreaterThan(0.97));
  });

  describe('of samples as they were measured on a busy machine', () => {
    const deviations = Object.values(SAMPLES_OF_A_RUN).flatMap((samples) =>
      samples.map((sample) => sample / median(samples)),
    );

    function draws(slowdown: number): () => number {
      const random = new Random(1);
      return () => slowdown * random.pick(deviations);
    }

    it('raises less than one false alarm in 200', () =>
      expect(failures(draws(1))).toBeLessThan(1 / 200));

    it('notices that something takes one and a half times as long', () =>
      expect(failures(draws(1.5))).toBeGreaterThan(0.9));
  });
});
