const DAY_MS = 86_400_000;

/** Units of sizes, in bytes. */
const UNITS = { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 };

/** The value of an option, in the unit that the name of the option ends with. */
export function inUnits(name: string, value: unknown): string {
  if (typeof value !== 'number') return `\`${String(value)}\``;
  if (value === Infinity || value < 0) return 'none';
  if (name.endsWith('Ms')) return inTime(value);
  if (/(size|bytes|mark)$/i.test(name)) return inBytes(value);
  return `${inDigits(value)}${name.endsWith('PerSecond') ? ' per second' : ''}`;
}

/** The valid values of an option, in the same unit. */
export function rangeOf(name: string, { min, max }: { min: number; max: number }): string {
  const unit = name.replace(/PerSecond$/, '');
  const least = min === 0 ? '0' : inUnits(unit, min);
  return max === Number.MAX_SAFE_INTEGER
    ? `at least ${least}`
    : `${least} to ${inUnits(unit, max)}`;
}

function inTime(ms: number): string {
  if (ms > DAY_MS) return `${Math.floor(ms / DAY_MS)} days`;
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}

function inBytes(bytes: number): string {
  if (bytes % 1024 === 1023) return `${inBytes(bytes + 1)} - 1`;
  for (const [unit, size] of Object.entries(UNITS)) {
    if (bytes > 0 && bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return inDigits(bytes);
}

function inDigits(value: number): string {
  return value === 2 ** 32 - 1
    ? '2^32 - 1'
    : value.toLocaleString('en-US', { useGrouping: 'min2' });
}
