import type { Outcome, Row } from './scenario.js';
import { memoryOf, remarksOf, tableOf, tenths, type Bounds } from './table-cells.js';

const HEAD = [
  'attack',
  'engine',
  'lost',
  'memory, MiB: peak (bound)',
  'p99 in peace, ms',
  'p99 meanwhile, ms',
  'processor, %',
  'attacker cut',
  'besides',
];

/** Lines of a table with the outcomes of both engines, one above the other. */
export function comparedTable(rows: readonly Row[]): string[] {
  return tableOf(HEAD, rows.flatMap(pair));
}

/** Bounds are those of the built-in engine. */
function pair(row: Row): string[][] {
  const { what, times, grpcJs } = row;
  const builtIn = [`${what}: ${times}`, 'built-in', ...cells(row, 'bounded')];
  return grpcJs ? [builtIn, ['', 'grpc-js', ...cells(grpcJs, 'unbounded')]] : [builtIn];
}

function cells(outcome: Outcome, bounds: Bounds): string[] {
  const { lost, p99, cpuPercent, attacker, failure } = outcome;
  return [
    failure === undefined ? String(lost) : '',
    memoryOf(outcome, bounds),
    p99 ? tenths(p99.peaceMs) : '',
    p99 ? tenths(p99.attackMs) : '',
    cpuPercent === undefined ? '' : String(Math.round(cpuPercent)),
    attacker ? `${attacker.cut} of ${attacker.connections}` : '',
    remarksOf(outcome, bounds),
  ];
}
