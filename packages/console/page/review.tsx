import { useSignal } from "@preact/signals";
import { type Scope, UserMetaError } from "@usermeta/core/json";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { Dialog } from "./dialog.tsx";
import { Diff } from "./diff.tsx";
import { type Draft, pretty } from "./drafts.ts";
import { Problem } from "./gate.tsx";
import { isPassing, read, send, type UserRecord } from "./requests.ts";

/** What there is to review. */
export interface ReviewProps {
  readonly draft: Draft;
  /** The scopes that are edited. */
  readonly scopes: readonly Scope[];
  readonly onClose: () => void;
  readonly onSaved: (record: UserRecord) => void;
  /** The server refused a place in the documents. */
  readonly onRefused: (error: UserMetaError) => void;
  /** Somebody saved first. */
  readonly onConflict: (theirs: UserRecord) => void;
}

/** Shows what a save would change, and saves it. */
export function Review({ draft, scopes, onClose, onSaved, onRefused, onConflict }: ReviewProps): JSX.Element {
  const { record, texts } = draft;
  const path = `admin/users/${encodeURIComponent(record.userId)}/metadata`;
  const key = useRef(crypto.randomUUID()); // of this dialog, so that a second try is the same write
  const reason = useRef("");
  const isBusy = useSignal(false);
  const error = useSignal<unknown>(undefined);

  async function save(event: Event): Promise<void> {
    event.preventDefault();
    isBusy.value = true;
    error.value = undefined;
    try {
      // The texts as they are: numbers and duplicate keys reach the server's own checks.
      const body = `{${scopes.map((scope) => `"${scope}":${texts[scope]}`).join(",")}}`;
      const response = await send("PUT", path, {
        body,
        headers: {
          "content-type": "application/json",
          "if-match": record.etag,
          "idempotency-key": key.current,
          ...(reason.current !== "" && { "usermeta-reason": reason.current }),
        },
      });
      onSaved((await response.json()) as UserRecord);
    } catch (caught) {
      if (caught instanceof UserMetaError && caught.code === "version_conflict")
        return onConflict(await read<UserRecord>(path, new AbortController().signal));
      if (caught instanceof UserMetaError && caught.pointer !== undefined) return onRefused(caught);
      error.value = caught;
      isBusy.value = false;
    }
  }

  return (
    <Dialog title="Review changes" size="large" onClose={onClose}>
      <form onSubmit={(event) => void save(event)}>
        {scopes.map((scope) => (
          <section key={scope} class="change">
            <h3 class={`tag ${scope}`}>{scope}</h3>
            <Diff label={`Changes to ${scope}`} before={pretty(record[scope])} after={texts[scope]} />
          </section>
        ))}
        <label class="field">
          <span>
            Reason <span class="soft">(optional, kept in the change log)</span>
          </span>
          <input
            name="reason"
            maxLength={200}
            pattern="[ -~]*"
            title="Letters, digits and signs of ASCII"
            autocomplete="off"
            disabled={isBusy.value}
            onInput={(event) => {
              reason.current = event.currentTarget.value.trim();
              key.current = crypto.randomUUID();
            }}
          />
        </label>
        <div role="alert">
          {error.value !== undefined && <Problem error={error.value} />}
          {error.value !== undefined && isPassing(error.value) && (
            <p class="soft">Your edits are kept. Saving again is safe: it happens at most once.</p>
          )}
        </div>
        <div class="actions">
          <button type="button" onClick={onClose}>
            Back to editing
          </button>
          <button type="submit" class="primary" disabled={isBusy.value}>
            {isBusy.value ? "Saving…" : error.value === undefined ? "Save" : "Save again"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
