import { medianLabel, ratioLabel } from './chart-labels.js';
import type { ChartBar, ChartOptions } from './chart-options.js';

/** Width of a chart in pixels. */
export const CHART_WIDTH = 760;
/** Between the border and what is inside, in pixels. */
export const CHART_PADDING = 24;
/** Between a bar and the texts on both sides, in pixels. */
export const CHART_GAP = 10;

const HEAD_HEIGHT = 80;
const FOOT_HEIGHT = 46;
const ROW_HEIGHT = 32;
/** Wide enough for bold text in most of the fonts that the reader may have. */
const CHARACTER_WIDTH = 8.5;

/** Where things are in a chart, in pixels. */
export interface ChartLayout {
  height: number;
  /** Where all bars start. */
  axis: number;
  top: number;
  bottom: number;
  /** Middle of a row. */
  yOf(row: number): number;
  /** Where a value is; the axis is zero. */
  xOf(value: number): number;
}

/** Leaves names and values the room that they need, and scales the bars to the rest. */
export function chartLayout(options: ChartOptions): ChartLayout {
  const { bars } = options;
  const axis = CHART_PADDING + widthOf(bars.map(({ name }) => name)) + CHART_GAP;
  const labels = widthOf(bars.map((bar) => `${medianLabel(bar, options)} ${ratioLabel(bar)}`));
  const end = CHART_WIDTH - CHART_PADDING - labels - CHART_GAP;
  const scale = (end - axis) / greatest(bars);
  const bottom = HEAD_HEIGHT + bars.length * ROW_HEIGHT;
  return {
    height: bottom + FOOT_HEIGHT,
    axis,
    top: HEAD_HEIGHT,
    bottom,
    yOf: (row) => HEAD_HEIGHT + (row + 0.5) * ROW_HEIGHT,
    xOf: (value) => toHalf(axis + value * scale),
  };
}

function widthOf(texts: string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length)) * CHARACTER_WIDTH;
}

/** Never zero, so that bars of nothing but zeros have a scale too. */
function greatest(bars: ChartBar[]): number {
  return Math.max(0, ...bars.map(({ median, max }) => Math.max(median, max))) || 1;
}

/** Halves stay exact, so that sums of them are short in the file. */
function toHalf(pixels: number): number {
  return Math.round(pixels * 2) / 2;
}
