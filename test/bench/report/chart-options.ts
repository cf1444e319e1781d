import type { Metric } from './workloads.js';

/** What a bar chart shows. */
export interface ChartOptions {
  title: string;
  metric: Pick<Metric, 'name' | 'unit' | 'better'>;
  /** From top to bottom. */
  bars: ChartBar[];
}

/** One system; the values are in the unit of the metric. */
export interface ChartBar {
  name: string;
  /** Decides the colour. */
  kind: 'ours' | 'baseline' | 'other';
  median: number;
  min: number;
  max: number;
  /** How many times better than the baseline. */
  ratio?: number | undefined;
}
