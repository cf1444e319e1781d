import { growthOf } from './growth.js';
import type { Sample } from './protocol.js';
import { WORK, type Moment, type Seen } from './results.js';

const MIB = 1024 * 1024;

type Column = [head: string, cell: (sample: Sample) => string | number];

const COLUMNS: Column[] = [
  ['heap', ({ heapUsed }) => mib(heapUsed)],
  ['heap total', ({ heapTotal }) => mib(heapTotal)],
  ['external', ({ external }) => mib(external)],
  ['buffers', ({ arrayBuffers }) => mib(arrayBuffers)],
  ['rss', ({ rss }) => mib(rss)],
  ['handles', ({ handles }) => handles],
  ['sockets', ({ sockets }) => sockets],
  ['registry', ({ registry }) => registry],
  ['h2 streams', ({ streams }) => streams],
  ['calls ended', ({ calls }) => calls.ended],
  ['faults', ({ calls }) => calls.faultCount],
];

export const HEAD = row(['phase', 'done', 'end', ...COLUMNS.map(([head]) => head)]);

/** Two rows of the table: one for each end. */
export function momentRows({ phase, done, ends }: Moment): string {
  return (['listen', 'dial'] as const)
    .map((role) => row([phase, done, role, ...COLUMNS.map(([, cell]) => cell(ends[role]))]))
    .join('\n');
}

/** What stands below the table. */
export function summary(result: Seen, faults: readonly string[]): string {
  const rates = WORK.flatMap((phase) => {
    const last = result.moments.findLast((moment) => moment.phase === phase);
    return last
      ? [`${phase}: ${last.done}, ${Math.round((last.done * 1000) / last.ms)} per second`]
      : [];
  });
  const growth = growthOf(result.moments).map(
    ({ phase, end, inUse, resident, outside }) =>
      `${end}: for each of the ${phase} (second half) ${inUse.toFixed(2)} bytes more in use, ` +
      `${resident.toFixed(2)} more resident, ${outside.toFixed(2)} of them outside of the heap`,
  );
  const { listen, dial } = result.moments.at(-1)!.ends;
  const statuses = `statuses: listen ${JSON.stringify(listen.calls.statuses)}, dial ${JSON.stringify(dial.calls.statuses)}`;
  const verdict = faults.length === 0 ? ['passed'] : ['FAILED', ...faults];
  return [...rates, ...growth, statuses, ...verdict].join('\n');
}

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell) => String(cell).padStart(11)).join(' ');
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(2);
}
