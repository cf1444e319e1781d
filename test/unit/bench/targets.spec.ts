import { describe, expect, it } from 'vitest';
import type { BenchResults } from '../../bench/results.js';
import { MATRIX_SYSTEMS } from '../../bench/systems.js';
import {
  formatTargets,
  isBroken,
  judgeTargets,
  TARGETS,
  type Target,
} from '../../bench/targets/index.js';
import { ALL_WORKLOADS } from '../../bench/workloads/index.js';
import { cellOf } from './sample-results.js';

const RATE: Target = {
  workload: 'stream',
  system: 'ours',
  metric: 'rate',
  judged: { kind: 'quotient', divisor: 'go' },
  bound: { kind: 'at least', value: 1.3 },
  binding: true,
};

function cell(node: string, liveHeapMiB: number, rate: number, go = 100): BenchResults {
  return cellOf(
    node,
    liveHeapMiB,
    { workload: 'stream', system: 'ours', metric: 'rate', median: rate },
    ...(go === 0 ? [] : [{ workload: 'stream', system: 'go', metric: 'rate', median: go }]),
  );
}

const CELLS = [cell('v20.1.0', 0, 140), cell('v20.1.0', 200, 120), cell('v24.2.0', 0, 130)];

function verdict(target: Partial<Target>, cells = CELLS): string {
  return judgeTargets([{ ...RATE, ...target }], cells)[0]!.verdict;
}

describe('a target', () => {
  it('is met when every cell is within its bound', () => {
    expect(verdict({})).toBe('not met');
    expect(verdict({ bound: { kind: 'at least', value: 1.2 } })).toBe('met');
    expect(verdict({ bound: { kind: 'at most', value: 1.4 } })).toBe('met');
    expect(verdict({ bound: { kind: 'below', value: 1.4 } })).toBe('not met');
  });

  it('counts the lines of Node that it is about only', () => {
    expect(verdict({ nodes: [24, 26] })).toBe('met');
    expect(verdict({ nodes: [22] })).toBe('not measured');
  });

  it('is not measured when its system, its rival or its workload did not take part', () => {
    expect(verdict({ system: 'other' })).toBe('not measured');
    expect(verdict({ workload: 'unary' })).toBe('not measured');
    expect(verdict({}, [cell('v20.1.0', 0, 140, 0)])).toBe('not measured');
  });

  it('can be of a value, or of a share of a constant', () => {
    const at130 = { kind: 'at least', value: 130 } as const;

    expect(verdict({ judged: { kind: 'value' }, bound: at130, nodes: [24] })).toBe('met');
    expect(verdict({ judged: { kind: 'value' }, bound: at130 })).toBe('not met');
    expect(
      verdict({
        judged: { kind: 'share', of: 'link', value: 200 },
        bound: { kind: 'at least', value: 0.6 },
      }),
    ).toBe('met');
  });

  it('can be of the spread over live heaps of one Node', () => {
    const spread = { judged: { kind: 'spread' } } as const;

    expect(verdict({ ...spread, bound: { kind: 'at most', value: 1.2 } })).toBe('met');
    expect(verdict({ ...spread, bound: { kind: 'at most', value: 1.1 } })).toBe('not met');
    expect(verdict({ ...spread, nodes: [24] })).toBe('not measured');
  });

  it('is only reported where nothing is asked', () => {
    expect(verdict({ bound: { kind: 'reported' } })).toBe('reported');
  });

  it('is broken when it allows no exception and is not met', () => {
    const [binding, open] = judgeTargets([RATE, { ...RATE, binding: false }], CELLS);

    expect(isBroken(binding!)).toBe(true);
    expect(isBroken(open!)).toBe(false);
    expect(isBroken(judgeTargets([{ ...RATE, nodes: [24] }], CELLS)[0]!)).toBe(false);
  });
});

describe('the table of targets', () => {
  it('has every cell, marks those that are out of bounds, and counts the verdicts', () => {
    const spread: Target = {
      ...RATE,
      judged: { kind: 'spread' },
      bound: { kind: 'at most', value: 1.5 },
      binding: false,
    };

    expect(formatTargets(judgeTargets([RATE, spread, { ...RATE, nodes: [22] }], CELLS))).toBe(
      [
        '   workload  metric        of    bound          result        20/0  20/200  24/0',
        '*  stream    rate / go     ours  at least 1.30  not met       1.40   !1.20  1.30',
        '   stream    rate, spread  ours  at most 1.50   met           1.17       –     –',
        '*  stream    rate / go     ours  at least 1.30  not measured     –       –     –',
        '',
        '* every cell has to be within the bound   ! is not',
        '1 met, 1 not met, 0 reported, 1 not measured',
      ].join('\n'),
    );
  });
});

describe('the targets of this package', () => {
  it.each(TARGETS)('$workload, $metric of $system: a matrix measures it', (target) => {
    const systems = MATRIX_SYSTEMS.map(({ name }) => name);
    const workload = ALL_WORKLOADS.find(({ name }) => name === target.workload)!;
    const taking =
      target.judged.kind === 'quotient' ? [target.system, target.judged.divisor] : [target.system];

    expect(workload.metrics.map(({ metric }) => metric)).toContain(target.metric);
    for (const system of taking) {
      expect(workload.systems).toContain(system);
      expect(systems).toContain(system);
    }
  });
});
