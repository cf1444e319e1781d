import { formatNumber } from '../numbers.js';
import { formatValue, unitLabel } from '../units.js';
import type { Metric, Workload } from '../workloads.js';
import type { Cell } from './cell.js';
import { spreadOf } from './spread.js';

/** The system that others are compared with is the first of these that took part. */
const REFERENCES = ['socket', 'go-backchannel', 'grpc-js-plain'];
/** Secondary metrics that are compared. */
const COMPARED = new Set(['cpu']);
/** Secondary metrics that stand as they are: they are zero where all is well. */
const ABSOLUTE = new Set(['mark-compacts']);

/** One column of the table of a workload, whose rows are Nodes and live heaps. */
export interface MatrixColumn {
  /** The system. */
  readonly head: string;
  /** The metric or its unit. */
  readonly subhead: string;
  /** Undefined where it was not measured. */
  cell(cell: Cell): string | undefined;
  /** Of all cells of one Node. */
  spread(cells: readonly Cell[]): string | undefined;
}

/** The quotients of each system to the reference, and last what the reference reached. */
export function matrixColumns(workload: Workload): MatrixColumn[] {
  const { name, systems, primary, secondary } = workload;
  const compared = [...primary, ...secondary.filter((metric) => COMPARED.has(metric.name))];
  const absolute = secondary.filter((metric) => ABSOLUTE.has(metric.name));
  const reference = REFERENCES.find((system) => systems.includes(system));
  const columnsOf = (system: string): MatrixColumn[] => [
    ...(system === reference
      ? compared.map((metric) => valueColumn(name, metric, system))
      : compared.map((metric) => quotientColumn(name, metric, system, reference))),
    ...absolute
      .filter(({ measurements }) => measurements.has(system))
      .map((metric) => valueColumn(name, metric, system)),
  ];
  const others = systems.filter((system) => system !== reference);
  return [...others, ...(reference === undefined ? [] : [reference])].flatMap(columnsOf);
}

function quotientColumn(
  workload: string,
  { name: metric, unit }: Metric,
  system: string,
  reference: string | undefined,
): MatrixColumn {
  return {
    head: system,
    subhead: metric,
    cell: (cell) =>
      reference === undefined
        ? formatted(cell.value(workload, system, metric), (value) => formatValue(value, unit))
        : formatted(cell.quotient(workload, metric, system, reference), (value) =>
            formatNumber(value),
          ),
    spread: (cells) => spreadText(cells, workload, metric, system),
  };
}

function valueColumn(
  workload: string,
  { name: metric, unit }: Metric,
  system: string,
): MatrixColumn {
  const label = unitLabel(unit);
  return {
    head: system,
    subhead: label === '' || ABSOLUTE.has(metric) ? metric : label,
    cell: (cell) =>
      formatted(cell.value(workload, system, metric), (value) => formatValue(value, unit)),
    spread: (cells) =>
      ABSOLUTE.has(metric) ? undefined : spreadText(cells, workload, metric, system),
  };
}

function spreadText(
  ...[cells, workload, metric, system]: Parameters<typeof spreadOf>
): string | undefined {
  const spread = spreadOf(cells, workload, metric, system);
  return formatted(spread, (value) => formatNumber(value));
}

function formatted(
  value: number | undefined,
  format: (value: number) => string,
): string | undefined {
  return value === undefined ? undefined : format(value);
}
