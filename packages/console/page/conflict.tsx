import { useSignal } from "@preact/signals";
import { type JsonObject, type Scope, scopes } from "@usermeta/core/json";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { Dialog } from "./dialog.tsx";
import { Differences, Path, Value } from "./differences.tsx";
import { type Draft, pretty, readText, toDraft } from "./drafts.ts";
import { compare, type Documents, rebase } from "./rebase.ts";
import { type Change, read, type UserRecord } from "./requests.ts";
import { Time } from "./time.tsx";

/** Two versions that came of one. */
export interface ConflictProps {
  readonly draft: Draft;
  readonly theirs: UserRecord;
  readonly onClose: () => void;
  readonly onRebased: (draft: Draft) => void;
}

/** Somebody saved first: shows what they changed, lets choose where both did, and puts my edits on top of theirs. */
export function Conflict({ draft, theirs, onClose, onRebased }: ConflictProps): JSX.Element {
  const mine = useMemo(() => documentsOf(draft), [draft]);
  const compared = useMemo(() => compare(documents(draft.record), documents(theirs), mine), [draft, theirs, mine]);
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const { conflicts } = compared;
  const contested = new Set(conflicts.map(({ path }) => path));

  function apply(): void {
    const result = rebase(documents(theirs), mine, compared, chosen.value);
    const texts = Object.fromEntries(scopes.map((scope) => [scope, pretty(result[scope] as JsonObject)]));
    onRebased(toDraft(theirs, texts as Record<Scope, string>));
  }

  return (
    <Dialog title="Somebody saved first" size="large" onClose={onClose}>
      <Authors userId={theirs.userId} since={draft.record.version} />
      <h3>They changed</h3>
      <Differences changes={compared.theirs} />
      <h3>Your edits</h3>
      <Differences changes={compared.mine} />
      {contested.size > 0 && <h3>Both changed: choose</h3>}
      {conflicts.map(({ path, theirs: theirValue, mine: myValue }) => (
        <fieldset key={path} class="choice">
          <legend>
            <Path path={path} />
          </legend>
          {(["theirs", "mine"] as const).map((side) => (
            <label key={side}>
              <input
                type="radio"
                name={path}
                checked={chosen.value.has(path) === (side === "mine")}
                onChange={() => {
                  const others = [...chosen.value].filter((one) => one !== path);
                  chosen.value = new Set(side === "mine" ? [...others, path] : others);
                }}
              />
              <span>{side === "mine" ? "Yours" : "Theirs"}</span>
              <Value value={side === "mine" ? myValue : theirValue} />
            </label>
          ))}
        </fieldset>
      ))}
      <div class="actions">
        <button type="button" onClick={onClose}>
          Back to editing
        </button>
        <button type="button" onClick={() => onRebased(toDraft(theirs))}>
          Take theirs
        </button>
        <button type="button" class="primary" onClick={apply}>
          Put my edits on top
        </button>
      </div>
    </Dialog>
  );
}

/** Who saved since a version; silent when the log does not tell. */
function Authors({ userId, since }: { readonly userId: string; readonly since: number }): JSX.Element {
  const entries = useSignal<readonly Change[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    read<{ readonly changes: readonly Change[] }>(
      `admin/users/${encodeURIComponent(userId)}/history?limit=20`,
      abort.signal,
    ).then(
      ({ changes }) => {
        entries.value = changes.filter(({ version }) => version > since);
      },
      () => undefined, // the rest of the dialog does without
    );
    return () => abort.abort();
  }, [userId, since, entries]);
  return (
    <ul class="authors">
      {entries.value.map(({ id, version, actor, at, reason }) => (
        <li key={id}>
          Version {version} by <code>{actor}</code>, <Time at={at} />
          {reason !== undefined && <>: {reason}</>}
        </li>
      ))}
    </ul>
  );
}

const documents = ({ public: open, private: own, unsafe }: UserRecord): Documents => ({
  public: open,
  private: own,
  unsafe,
});

/** What a draft says; only drafts that can be saved come here. */
const documentsOf = ({ texts, record }: Draft): Documents =>
  Object.fromEntries(
    scopes.map((scope) => [scope, readText(texts[scope], scope, record).document ?? record[scope]]),
  ) as unknown as Documents;
