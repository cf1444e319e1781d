import { formatNumber } from './numbers.js';

/** `B`, `bytes`, `B/call`, `bytes per call`: the group is what the bytes are counted for. */
const BYTES = /^(?:B|bytes?)(?:\s*(?:\/|\bper\b)\s*(.+))?$/;

const BYTE_STEP = 1024;
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB'];

/** A value as it stands in a table: bytes with the unit that fits them, others without a unit. */
export function formatValue(value: number, unit: string, format = formatNumber): string {
  return BYTES.test(unit) ? formatBytes(value) : format(value);
}

/** What is left to say of a unit next to what `formatValue` gives: `µs`, `per call`, or nothing. */
export function unitLabel(unit: string): string {
  const bytes = BYTES.exec(unit);
  if (!bytes) return unit;
  return bytes[1] === undefined ? '' : `per ${bytes[1]}`;
}

/** Name and unit of a metric in one line, without saying `calls` twice: `calls/s`, `p50, µs`. */
export function metricLabel({ name, unit }: { name: string; unit: string }): string {
  const label = unitLabel(unit);
  if (label.startsWith(name)) return label;
  return label === '' ? name : `${name}, ${label}`;
}

function formatBytes(bytes: number): string {
  let value = bytes;
  let step = 0;
  for (; value >= BYTE_STEP && step < BYTE_UNITS.length - 1; step++) value /= BYTE_STEP;
  const text = step === 0 ? Math.round(value).toString() : formatNumber(value);
  return `${text} ${BYTE_UNITS[step]}`;
}
