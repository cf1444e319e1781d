import { drawBar } from './chart-bar.js';
import { description, footnote, subtitle } from './chart-labels.js';
import { CHART_PADDING, CHART_WIDTH, chartLayout, type ChartLayout } from './chart-layout.js';
import type { ChartOptions } from './chart-options.js';
import { CHART_STYLE } from './chart-style.js';
import { escapeXml } from './escape-xml.js';

const TITLE_Y = 36;
const SUBTITLE_Y = 58;
/** Of the footnote, from the bottom. */
const FOOTNOTE_RISE = 18;

/** A horizontal bar chart as the text of an SVG file; the same options give the same text. */
export function drawChart(options: ChartOptions): string {
  const layout = chartLayout(options);
  const lines = [
    ...drawHead(options, layout),
    ...options.bars.flatMap((bar, row) => drawBar(bar, row, layout, options)),
    `<path class="axis" d="M${layout.axis} ${layout.top}V${layout.bottom}"/>`,
    drawText('note', layout.height - FOOTNOTE_RISE, footnote(options)),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

function drawHead(options: ChartOptions, { height }: ChartLayout): string[] {
  const size = `width="${CHART_WIDTH}" height="${height}" viewBox="0 0 ${CHART_WIDTH} ${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-labelledby="title desc">`,
    `<title id="title">${escapeXml(options.title)}</title>`,
    `<desc id="desc">${escapeXml(description(options))}</desc>`,
    `<style>${CHART_STYLE}</style>`,
    // Half a pixel in, so that its border of one pixel is sharp.
    `<rect class="card" x="0.5" y="0.5" width="${CHART_WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    drawText('title', TITLE_Y, options.title),
    drawText('muted', SUBTITLE_Y, subtitle(options)),
  ];
}

function drawText(className: string, y: number, text: string): string {
  return `<text class="${className}" x="${CHART_PADDING}" y="${y}">${escapeXml(text)}</text>`;
}
