import type { ChartBar, ChartOptions } from './chart-options.js';
import { formatRatio } from './numbers.js';
import { formatValue, metricLabel, unitLabel } from './units.js';

const DIRECTIONS = { higher: 'longer is better', lower: 'shorter is better' };

/** Says below the title what the bars measure. */
export function subtitle({ metric }: ChartOptions): string {
  return `${metricLabel(metric)} · ${DIRECTIONS[metric.better]}`;
}

/** Says below the bars how to read them. */
export function footnote({ bars }: ChartOptions): string {
  const whiskers = 'bar: median · whisker: lowest to highest round';
  const baseline = bars.find(({ kind }) => kind === 'baseline');
  if (!baseline) return whiskers;
  return `${whiskers} · in brackets: ratio to ${baseline.name}, more is better`;
}

/** The value at the end of a bar. */
export function medianLabel({ median }: ChartBar, { metric }: ChartOptions): string {
  return formatValue(median, metric.unit);
}

/** Follows the value: the ratio, or nothing. */
export function ratioLabel({ ratio }: ChartBar): string {
  return ratio === undefined ? '' : `(${formatRatio(ratio)})`;
}

/** The whole chart in words, for those who do not see it. */
export function description(options: ChartOptions): string {
  const unit = unitLabel(options.metric.unit);
  const bars = options.bars.map((bar) =>
    [`${bar.name}:`, medianLabel(bar, options), unit, ratioLabel(bar)]
      .filter((part) => part !== '')
      .join(' '),
  );
  return `${subtitle(options)}. ${bars.join('; ')}.`;
}
