/** Every version of the core driver interface in which user metadata has this wire (WebserverAPI.java of core 12). */
export const versions: readonly string[] =
  "2.7 2.8 2.9 2.10 2.11 2.12 2.13 2.14 2.15 2.16 2.17 2.18 2.19 2.20 2.21 3.0 3.1 4.0 5.0 5.1 5.2 5.3 5.4 5.5 5.6".split(
    " ",
  );

/** What a request without `cdi-version` speaks. */
export const latest = "5.6";

/** Whether one version is lower than another, number by number. */
export function isBefore(version: string, other: string): boolean {
  const [a, b] = [numbersOf(version), numbersOf(other)];
  const at = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) - (b[i] ?? 0));
  return (at.find((difference) => difference !== 0) ?? 0) < 0;
}

const numbersOf = (version: string): readonly number[] => version.split(".").map(Number);

/** Whether the core knows a version. */
export const isKnown = (version: string): boolean => versions.includes(version);
