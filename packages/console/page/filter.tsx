import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Cross, Plus } from "./icons.tsx";
import { toUsers } from "./location.ts";
import {
  type Condition,
  fromWhere,
  hasValue,
  isRepeated,
  noCondition,
  type Operator,
  operators,
  toWhere,
} from "./where.ts";

const maxConditions = 8;

/** Conditions on metadata; all must hold. */
export function Filter({ where }: { readonly where: string | undefined }): JSX.Element {
  const given = fromWhere(where);
  const conditions = useSignal<readonly Condition[]>(given.length === 0 ? [noCondition] : given);
  const change = (i: number, part: Partial<Condition>): void => {
    conditions.value = conditions.value.map((one, at) => (at === i ? { ...one, ...part } : one));
  };
  const rows = conditions.value;
  return (
    <search>
      <form
        class="card filter"
        onSubmit={(event) => {
          event.preventDefault();
          location.hash = toUsers(toWhere(rows));
        }}
      >
        <div class="conditions">
          {rows.map((condition, i) => (
            <fieldset key={i} class="condition">
              <legend class="hidden">Condition {i + 1}</legend>
              <span class="soft" aria-hidden="true">
                {i === 0 ? "Where" : "and"}
              </span>
              <input
                aria-label="Path"
                class="mono path"
                placeholder="public.plan"
                pattern="(public|private|unsafe)(\.[^.]+)+"
                title="scope.key, or scope.key.key, e.g. public.plan"
                autocomplete="off"
                spellcheck={false}
                required
                value={condition.path}
                ref={(input) =>
                  input?.setCustomValidity(isRepeated(rows, i) ? "Another condition compares this path so already" : "")
                }
                onInput={(event) => change(i, { path: event.currentTarget.value })}
              />
              <select
                aria-label="Comparison"
                value={condition.operator}
                onChange={(event) => change(i, { operator: event.currentTarget.value as Operator })}
              >
                {Object.entries(operators).map(([name, text]) => (
                  <option key={name} value={name}>
                    {text}
                  </option>
                ))}
              </select>
              {hasValue(condition.operator) && (
                <input
                  aria-label="Value"
                  class="mono value"
                  placeholder={condition.operator === "in" ? "pro, team" : "pro"}
                  title={'A word is a string; 42, true and null are not, "42" is'}
                  autocomplete="off"
                  spellcheck={false}
                  required
                  value={condition.value}
                  onInput={(event) => change(i, { value: event.currentTarget.value })}
                />
              )}
              {rows.length > 1 && (
                <button
                  type="button"
                  class="quiet"
                  title="Remove this condition"
                  aria-label={`Remove condition ${i + 1}`}
                  onClick={() => {
                    conditions.value = rows.filter((_, at) => at !== i);
                  }}
                >
                  <Cross />
                </button>
              )}
              {i === rows.length - 1 && rows.length < maxConditions && (
                <button
                  type="button"
                  class="quiet"
                  title="Add a condition"
                  aria-label="Add a condition"
                  onClick={() => {
                    conditions.value = [...rows, noCondition];
                  }}
                >
                  <Plus />
                </button>
              )}
            </fieldset>
          ))}
        </div>
        <div class="actions">
          {where !== undefined && (
            <a class="button" href={toUsers()}>
              Clear
            </a>
          )}
          <button type="submit">Search</button>
        </div>
      </form>
    </search>
  );
}
