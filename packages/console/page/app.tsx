import type { JSX } from "preact";
import { Gate } from "./gate.tsx";
import { Mark, Moon, Screen, Sun } from "./icons.tsx";
import { place, toUsers } from "./location.ts";
import { notice } from "./notice.ts";
import { isReachable, refusal } from "./requests.ts";
import { type Theme, theme } from "./theme.ts";
import { User } from "./user.tsx";
import { Users } from "./users.tsx";

const themes: readonly [Theme, string, () => JSX.Element][] = [
  ["system", "As the system", Screen],
  ["light", "Light", Sun],
  ["dark", "Dark", Moon],
];

/** The whole page: a header, the place that the address names, and whatever lies above it. */
export function App(): JSX.Element {
  const at = place.value;
  return (
    <>
      <header class="top">
        <a class="brand" href={toUsers()}>
          <Mark />
          <span>usermeta</span>
          <span class="soft">console</span>
        </a>
        <fieldset class="themes">
          <legend class="hidden">Theme</legend>
          {themes.map(([name, label, Icon]) => (
            <label key={name} title={label}>
              <input
                type="radio"
                name="theme"
                value={name}
                checked={theme.value === name}
                onChange={() => {
                  theme.value = name;
                }}
              />
              <Icon />
              <span class="hidden">{label}</span>
            </label>
          ))}
        </fieldset>
      </header>
      <div role="status" class="notices">
        {!isReachable.value && (
          <p class="notice bad">The server cannot be reached. Edits are kept; reading is tried again by itself.</p>
        )}
        {notice.value !== undefined && <p class="notice good">{notice.value}</p>}
      </div>
      <main>
        {at.screen === "users" ? (
          <Users key={`${at.where} ${at.cursor}`} where={at.where} cursor={at.cursor} />
        ) : (
          <User key={at.userId} userId={at.userId} tab={at.tab} />
        )}
      </main>
      {refusal.value !== undefined && <Gate reason={refusal.value} />}
    </>
  );
}
