import type { Scope } from "@usermeta/core/json";
import type { JSX } from "preact";
import { settings } from "./settings.ts";

/** What a meter shows. */
export interface MeterProps {
  readonly scope: Scope;
  /** Characters of the compact JSON; `undefined` while the text is none. */
  readonly size: number | undefined;
  /** The number alone, with its limit on a closer look. */
  readonly isBrief?: boolean;
}

const format = new Intl.NumberFormat("en");

/** How much of a scope's limit is used. */
export function Meter({ scope, size, isBrief = false }: MeterProps): JSX.Element {
  const limit = settings.limits.characters[scope];
  const share = (size ?? 0) / limit;
  const level = share > 1 ? "bad" : share > 0.85 ? "warn" : "good";
  return (
    <span class="meter" title={`${format.format(size ?? 0)} of ${format.format(limit)} characters`}>
      <span>
        {size === undefined ? "–" : format.format(size)}
        {!isBrief && <span class="soft"> / {format.format(limit)}</span>}
      </span>
      <meter class="hidden" max={limit} value={size ?? 0} aria-label={`Size of ${scope} in characters`} />
      <svg class={`bar ${level}`} viewBox="0 0 44 4" aria-hidden="true">
        <rect width={Math.min(share, 1) * 44} height="4" rx="2" />
      </svg>
    </span>
  );
}
