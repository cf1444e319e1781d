import { medianLabel, ratioLabel } from './chart-labels.js';
import { CHART_GAP, type ChartLayout } from './chart-layout.js';
import type { ChartBar, ChartOptions } from './chart-options.js';
import { escapeXml } from './escape-xml.js';

const BAR_HEIGHT = 20;
const CORNER = 3;
const CAP_HEIGHT = 8;
/** Between value and ratio; not all renderers keep a space there. */
const RATIO_GAP = 5;
/** From the middle of a row down to the line that its text stands on. */
const TEXT_DROP = 4.5;

/** One row of a chart as elements of SVG: name, bar, whisker and value. */
export function drawBar(
  bar: ChartBar,
  row: number,
  layout: ChartLayout,
  options: ChartOptions,
): string[] {
  const y = layout.yOf(row);
  const end = layout.xOf(bar.median);
  const textX = Math.max(end, layout.xOf(bar.max)) + CHART_GAP;
  const value = escapeXml(medianLabel(bar, options));
  return [
    `<text class="name ${bar.kind}-name" x="${layout.axis - CHART_GAP}" y="${y + TEXT_DROP}">${escapeXml(bar.name)}</text>`,
    `<path class="${bar.kind}" d="${barPath(layout.axis, end, y)}"/>`,
    ...drawWhisker(bar, y, layout),
    `<text x="${textX}" y="${y + TEXT_DROP}"><tspan class="value">${value}</tspan><tspan class="muted" dx="${RATIO_GAP}">${escapeXml(ratioLabel(bar))}</tspan></text>`,
  ];
}

/** Square at the axis, round at the end. */
function barPath(start: number, end: number, y: number): string {
  const corner = Math.min(CORNER, end - start);
  const straight = end - start - corner;
  const side = BAR_HEIGHT - 2 * corner;
  const arc = `a${corner} ${corner} 0 0 1`;
  return [
    `M${start} ${y - BAR_HEIGHT / 2}`,
    `h${straight}`,
    `${arc} ${corner} ${corner}`,
    `v${side}`,
    `${arc} ${-corner} ${corner}`,
    `h${-straight}z`,
  ].join('');
}

/** A second line below keeps the whisker apart from bars of nearly its own colour. */
function drawWhisker({ min, max }: ChartBar, y: number, { xOf }: ChartLayout): string[] {
  if (min === max) return [];
  const cap = `v${CAP_HEIGHT}`;
  const top = y - CAP_HEIGHT / 2;
  const path = `M${xOf(min)} ${top}${cap}M${xOf(min)} ${y}H${xOf(max)}M${xOf(max)} ${top}${cap}`;
  return [`<path class="halo" d="${path}"/>`, `<path class="whisker" d="${path}"/>`];
}
