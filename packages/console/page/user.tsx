import { useSignal } from "@preact/signals";
import { type Scope, scopes } from "@usermeta/core/json";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Conflict } from "./conflict.tsx";
import { type Draft, draftOf, edit, editedScopes, readText, releaseDraft, toDraft } from "./drafts.ts";
import { Erase } from "./erase.tsx";
import { Problem } from "./gate.tsx";
import { Heading } from "./heading.tsx";
import { Bin, Download } from "./icons.tsx";
import { toUser, toUsers } from "./location.ts";
import { Log } from "./log.tsx";
import { say } from "./notice.ts";
import { read, send, type UserRecord } from "./requests.ts";
import { Review } from "./review.tsx";
import { ScopePanel } from "./scope.tsx";
import { Time } from "./time.tsx";

/** Which user, and what of them. */
export interface UserProps {
  readonly userId: string;
  readonly tab: "documents" | "log";
}

type Dialog =
  | { readonly is: "review" }
  | { readonly is: "erase" }
  | { readonly is: "conflict"; readonly theirs: UserRecord };

/** One user: three documents to edit, and the change log. */
export function User({ userId, tab }: UserProps): JSX.Element {
  const draft = draftOf(userId);
  const dialog = useSignal<Dialog | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  const path = `admin/users/${encodeURIComponent(userId)}`;

  useEffect(() => {
    document.title = `${userId} · usermeta console`;
    const abort = new AbortController();
    if (draft.value === undefined)
      read<UserRecord>(`${path}/metadata`, abort.signal).then(
        (record) => {
          draft.value = toDraft(record);
        },
        (reason: unknown) => {
          if (!abort.signal.aborted) error.value = reason;
        },
      );
    return () => {
      abort.abort();
      releaseDraft(userId);
    };
  }, [userId, path, draft]);

  const current = draft.value;
  const edited = current === undefined ? [] : editedScopes(current);
  const isValid = current !== undefined && edited.every((scope) => isSavable(current, scope));
  const review = (): void => {
    if (edited.length > 0 && isValid) dialog.value = { is: "review" };
  };
  const close = (): void => {
    dialog.value = undefined;
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut; the button does the same
    <div
      class="user"
      onKeyDown={(event) => {
        if ((event.ctrlKey || event.metaKey) && event.key === "s") {
          event.preventDefault();
          review();
        }
      }}
    >
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href={toUsers()}>Users</a>
      </nav>
      <div class="head">
        <Heading class="mono">
          <bdi>{userId}</bdi>
        </Heading>
        <div class="actions">
          <button type="button" onClick={() => void download(userId, path).catch(report)}>
            <Download /> Export
          </button>
          <button
            type="button"
            class="danger"
            onClick={() => {
              dialog.value = { is: "erase" };
            }}
          >
            <Bin /> Erase
          </button>
        </div>
      </div>
      <div class="subhead">
        <nav class="tabs" aria-label="Views">
          <a href={toUser(userId)} aria-current={tab === "documents" ? "page" : undefined}>
            Documents
          </a>
          <a href={toUser(userId, "log")} aria-current={tab === "log" ? "page" : undefined}>
            Change log
          </a>
        </nav>
        {current !== undefined && <Facts record={current.record} />}
      </div>

      {error.value !== undefined && (
        <div role="alert">
          <Problem error={error.value} />
        </div>
      )}
      {tab === "log" && <Log userId={userId} draft={draft} />}
      {tab === "documents" && current === undefined && error.value === undefined && <p class="empty">Reading…</p>}
      {tab === "documents" && current !== undefined && (
        <div class="scopes">
          {scopes.map((scope) => (
            <ScopePanel
              key={scope}
              scope={scope}
              draft={current}
              isEdited={edited.includes(scope)}
              onFormat={(text) => {
                draft.value = toDraft(current.record, { ...current.texts, [scope]: text });
              }}
              onChange={(text) => {
                draft.value = edit(draft.value ?? current, scope, text);
              }}
            />
          ))}
        </div>
      )}
      {edited.length > 0 && (
        <section class="savebar" aria-label="Unsaved edits">
          <span>
            Edited: <strong>{edited.join(", ")}</strong>
          </span>
          <button
            type="button"
            onClick={() => {
              if (current !== undefined) draft.value = toDraft(current.record);
            }}
          >
            Discard
          </button>
          <button
            type="button"
            class="primary"
            disabled={!isValid}
            aria-keyshortcuts="Control+S Meta+S"
            onClick={review}
          >
            Review and save
          </button>
        </section>
      )}

      {dialog.value?.is === "review" && current !== undefined && (
        <Review
          draft={current}
          scopes={edited}
          onClose={close}
          onSaved={(record) => {
            draft.value = toDraft(record);
            close();
            say(`Saved as version ${record.version}.`);
          }}
          onRefused={(refused) => {
            draft.value = { ...current, refused };
            close();
          }}
          onConflict={(theirs) => {
            dialog.value = { is: "conflict", theirs };
          }}
        />
      )}
      {dialog.value?.is === "conflict" && current !== undefined && (
        <Conflict
          draft={current}
          theirs={dialog.value.theirs}
          onClose={close}
          onRebased={(rebased) => {
            draft.value = rebased;
            dialog.value = editedScopes(rebased).length > 0 ? { is: "review" } : undefined;
          }}
        />
      )}
      {dialog.value?.is === "erase" && (
        <Erase
          userId={userId}
          onClose={close}
          onErased={() => {
            draft.value = undefined;
            close();
            say("The user's metadata and change log are erased.");
            location.hash = toUsers();
          }}
        />
      )}
    </div>
  );

  function report(reason: unknown): void {
    error.value = reason;
  }
}

function isSavable(draft: Draft, scope: Scope): boolean {
  return readText(draft.texts[scope], scope, draft.record).error === undefined;
}

function Facts({ record }: { readonly record: UserRecord }): JSX.Element {
  if (record.version === 0) return <p class="facts">Nothing is kept about this user yet.</p>;
  return (
    <dl class="facts">
      <div>
        <dt>Version</dt>
        <dd>{record.version}</dd>
      </div>
      <div>
        <dt>Changed</dt>
        <dd>
          <Time at={record.updatedAt} />
        </dd>
      </div>
      <div>
        <dt>Created</dt>
        <dd>
          <Time at={record.createdAt} />
        </dd>
      </div>
    </dl>
  );
}

/** Saves everything held about a user as a file. */
async function download(userId: string, path: string): Promise<void> {
  const response = await send("GET", `${path}/export`);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = `usermeta-${userId.replaceAll(/[^\w.-]+/g, "_")}.json`;
  link.click();
  URL.revokeObjectURL(url);
  say("Everything held about the user was exported.");
}
