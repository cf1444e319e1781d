import { describe, expect, it } from 'vitest';
import type { ChartBar } from '../../bench/report/chart-options.js';
import { drawChart } from '../../bench/report/chart.js';
import { chartsOf } from '../../bench/report/charts.js';
import { resultsOf } from './sample-results.js';

const METRIC = { name: 'calls', unit: 'calls/s', better: 'higher' } as const;
const BAR: ChartBar = { name: 'ours', kind: 'ours', median: 100, min: 100, max: 100 };

/** Lengths of all bars in pixels: their straight part and the round end. */
function lengthsOf(svg: string): number[] {
  const bars = svg.matchAll(
    /<path class="(?:ours|baseline|other)" d="M\S+ \S+h([\d.]+)a([\d.]+) /g,
  );
  return [...bars].map(([, straight, corner]) => Number(straight) + Number(corner));
}

describe('a chart', () => {
  it('draws bars from zero, in proportion to their medians', () => {
    const svg = drawChart({
      title: 'unary',
      metric: METRIC,
      bars: [BAR, { ...BAR, median: 50, min: 50, max: 50 }, { ...BAR, median: 0, min: 0, max: 0 }],
    });

    const [whole = 0, half = 0, nothing] = lengthsOf(svg);
    expect(whole).toBeGreaterThan(300);
    expect(Math.abs(half - whole / 2)).toBeLessThan(1);
    expect(nothing).toBe(0);
  });

  it('keeps the longest whisker and the value behind it inside', () => {
    const svg = drawChart({
      title: 'unary',
      metric: METRIC,
      bars: [{ ...BAR, min: 50, max: 400 }],
    });

    const [length = 0] = lengthsOf(svg);
    const [, start, end] = /class="whisker" d="M([\d.]+) .*H([\d.]+)M/.exec(svg) ?? [];
    const [, label] = /x="([\d.]+)" y="[\d.]+"><tspan class="value">100</.exec(svg) ?? [];
    expect(Number(end) - Number(start)).toBeCloseTo(length * 3.5, -1);
    expect(Number(label)).toBeGreaterThan(Number(end));
    expect(Number(label)).toBeLessThan(740);
  });

  it('draws bars of nothing but zeros', () => {
    const svg = drawChart({
      title: 'unary',
      metric: METRIC,
      bars: [{ ...BAR, median: 0, min: 0, max: 0 }],
    });

    expect(lengthsOf(svg)).toEqual([0]);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it('escapes every text that it is given', () => {
    const hostile = `<b a="1">&`;
    const svg = drawChart({
      title: hostile,
      metric: { name: hostile, unit: hostile, better: 'lower' },
      bars: [{ ...BAR, name: hostile, kind: 'baseline', ratio: 1 }],
    });

    expect(svg).not.toContain('<b');
    expect(svg.match(/&lt;b a=&quot;1&quot;&gt;&amp;/g)?.length).toBeGreaterThanOrEqual(6);
    expect(svg).not.toMatch(/&(?!lt;|gt;|quot;|amp;)/);
  });

  it('tells those who cannot see it what it shows', () => {
    const svg = drawChart({ title: 'unary', metric: METRIC, bars: [{ ...BAR, ratio: 4.87 }] });

    expect(svg).toMatch(/^<svg [^>]*role="img"/);
    expect(svg).toContain('<title id="title">unary</title>');
    expect(svg).toContain('calls/s · longer is better. ours: 100 calls/s (4.9×).</desc>');
  });
});

describe('the charts of a run', () => {
  it('are one per workload, of its first primary metric', () => {
    const charts = chartsOf(
      resultsOf(
        { workload: 'a', metric: 'p50', unit: 'µs', better: 'lower' },
        { workload: 'a', metric: 'p99', unit: 'µs', better: 'lower' },
        { workload: 'b' },
      ),
    );

    expect([...charts.keys()]).toEqual(['a.svg', 'b.svg']);
    expect(charts.get('a.svg')).toContain('p50, µs · shorter is better');
    expect(lengthsOf(charts.get('a.svg') ?? '')).toHaveLength(1);
  });

  it('tell our systems and the baseline from the others, even from one that ties with it', () => {
    const svg = chartsOf(
      resultsOf(
        { system: 'tied', ratio: 1 },
        { system: 'plain', ratio: 1 },
        { system: 'ours-plain', ratio: 2 },
        { system: 'tied', metric: 'cpu', primary: false, ratio: 3 },
      ),
    ).get('unary.svg');

    expect(svg).toContain('ratio to plain,');
    const kinds = [...(svg ?? '').matchAll(/<path class="(ours|baseline|other)"/g)];
    expect(kinds.map(([, kind]) => kind)).toEqual(['other', 'baseline', 'ours']);
  });
});
