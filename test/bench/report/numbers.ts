const THREE_DIGITS = significant(3);
const TWO_DIGITS = significant(2);
const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

const COMPACT_FROM = 10_000;
const MEGA = 1_000_000;
const KILO = 1_000;

/** From here on a ratio has two digits before its point. */
const WHOLE_RATIO_FROM = 9.95;

/** Three significant digits, with thousands separators: `1.50`, `122`, `52,100`. */
export function formatNumber(value: number): string {
  return value === 0 ? '0' : THREE_DIGITS.format(value);
}

/** The same for narrow places, from ten thousand on with `k` or `M`: `8,210`, `52.1k`, `1.20M`. */
export function formatCompact(value: number): string {
  const rounded = Number(value.toPrecision(3));
  if (rounded >= MEGA) return `${formatNumber(rounded / MEGA)}M`;
  if (rounded >= COMPACT_FROM) return `${formatNumber(rounded / KILO)}k`;
  return formatNumber(rounded);
}

/** A ratio at a glance: `0.82×`, `4.9×`, `14×`; `1×` is the baseline itself. */
export function formatRatio(ratio: number): string {
  const whole = ratio === 1 || ratio >= WHOLE_RATIO_FROM;
  return `${(whole ? WHOLE : TWO_DIGITS).format(ratio)}×`;
}

function significant(digits: number): Intl.NumberFormat {
  return new Intl.NumberFormat('en-US', {
    minimumSignificantDigits: digits,
    maximumSignificantDigits: digits,
  });
}
