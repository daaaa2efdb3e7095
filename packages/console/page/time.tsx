import type { JSX } from "preact";

const units = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

/** How long ago; the exact time on a closer look. */
export function Time({ at }: { readonly at: string | null }): JSX.Element {
  if (at === null) return <span>never</span>;
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  const [unit, length] = units.find(([, length]) => -seconds >= length) ?? ["second", 1];
  const text = unit === "second" && -seconds < 10 ? "just now" : relative.format(Math.trunc(seconds / length), unit);
  return (
    <time dateTime={at} title={absolute.format(new Date(at))}>
      {text}
    </time>
  );
}
