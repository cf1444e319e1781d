import type { Measurement } from '../results.js';
import type { Alignment } from './align-rows.js';
import { metricCell } from './metric-cell.js';
import { formatNumber } from './numbers.js';
import { formatValue, unitLabel } from './units.js';
import type { Metric, Workload } from './workloads.js';

/** One column of the table of a workload. */
export interface Column {
  head: string;
  /** Second line of the head: the unit, or what part of the metric this is. */
  subhead: string;
  alignment: Alignment;
  cell(system: string): string;
}

/** Systems, the primary metrics with spread and ratio, then the medians of the others. */
export function tableColumns({ name, primary, secondary }: Workload): Column[] {
  return [
    { head: name, subhead: '', alignment: 'left', cell: (system) => system },
    ...primary.flatMap(primaryColumns),
    ...secondary.map(medianColumn),
  ];
}

function primaryColumns(metric: Metric): Column[] {
  return [
    medianColumn(metric),
    column(metric, '', 'min–max', spread),
    column(metric, '', 'ratio', ratioText),
  ];
}

function medianColumn(metric: Metric): Column {
  const unit = unitLabel(metric.unit);
  const head = unit.startsWith(metric.name) ? '' : metric.name;
  return column(metric, head, unit, ({ median }) => formatValue(median, metric.unit));
}

function spread({ min, max, unit }: Measurement): string {
  return `${formatValue(min, unit)}–${formatValue(max, unit)}`;
}

function ratioText({ ratio }: Measurement): string {
  return ratio === undefined ? '' : `${formatNumber(ratio)}×`;
}

function column(
  metric: Metric,
  head: string,
  subhead: string,
  format: (measurement: Measurement) => string,
): Column {
  const cell = (system: string) => metricCell(metric, system, format);
  return { head, subhead, alignment: 'right', cell };
}
