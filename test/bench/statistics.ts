/** A value below which this share of the others lies; 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

/** The median with the lowest and highest value, e.g. `8,100 (7,900–8,300)`. */
export function spread(values: readonly number[]): string {
  return `${round(quantile(values, 0.5))} (${round(Math.min(...values))}–${round(Math.max(...values))})`;
}

/** A number with about three digits that count. */
export function round(value: number): string {
  const digits = value >= 10_000 ? -2 : value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const scale = 10 ** digits;
  return (Math.round(value * scale) / scale).toLocaleString("en", {
    minimumFractionDigits: value >= 100 ? 0 : digits,
    maximumFractionDigits: Math.max(digits, 0),
  });
}
