import { type JsonObject, type Scope, scopes } from "@usermeta/core/json";
import { type FormEvent, useEffect, useState } from "react";
import { type Change, Log } from "./log.tsx";
import { Message, useMessage } from "./message.tsx";
import { pretty, type SendOptions, send } from "./requests.ts";

/** A record as the admin routes show it. */
export interface UserRecord extends Readonly<Record<Scope, JsonObject>> {
  readonly userId: string;
  readonly version: number;
  readonly etag: string;
}

/** Whose record to show; another object reads it again. */
export interface Opened {
  readonly userId: string;
}

const badges = { public: "users read", private: "server only", unsafe: "users write" };

/** One user's three scopes, to edit, and their change log. */
export function Editor({ opened, onSaved }: { readonly opened: Opened; readonly onSaved: () => Promise<void> }) {
  const path = `/usermeta/admin/users/${encodeURIComponent(opened.userId)}`;
  const [record, setRecord] = useState<UserRecord>();
  const [edits, setEdits] = useState<Partial<Record<Scope, string>>>({});
  const [reason, setReason] = useState("");
  const [changes, setChanges] = useState<readonly Change[]>([]);
  const { said, act } = useMessage();

  async function show(next: UserRecord) {
    setRecord(next);
    setEdits({});
    const log = await send<{ changes: Change[] }>("GET", `${path}/history?limit=20`, { isShown: false });
    setChanges(log.changes);
  }
  async function load(): Promise<undefined> {
    await show(await send<UserRecord>("GET", `${path}/metadata`));
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is read whenever it is opened
  useEffect(() => act(load), [opened]);

  async function write(method: string, target: string, options?: SendOptions) {
    const next = await send<UserRecord>(method, target, options);
    setReason("");
    await show(next);
    await onSaved();
    const isSame = next.version === record?.version;
    return { title: isSame ? "Nothing to change: same version" : `Saved as version ${next.version}` };
  }

  function save(event: FormEvent) {
    event.preventDefault();
    if (!record) return;
    // The text goes out as it was typed: the server judges duplicate keys and large numbers, too.
    const changed = scopes.filter((scope) => (edits[scope] ?? pretty(record[scope])) !== pretty(record[scope]));
    const members = changed.map((scope) => `"${scope}":${edits[scope]}`);
    const headers = { "if-match": record.etag, ...(reason.trim() && { "usermeta-reason": reason.trim() }) };
    act(() => write("PUT", `${path}/metadata`, { body: `{${members.join()}}`, headers }), {
      status: 412,
      title: "Not saved: the record has changed since you loaded it (412)",
      detail: "Your text is still here.",
      isBad: true,
      action: (
        <button type="button" onClick={() => act(load)}>
          Load the new version
        </button>
      ),
    });
  }

  if (!record) return <Message said={said} />;
  return (
    <div className="stack">
      <article className="card">
        <h2>
          User {record.userId}{" "}
          <small>
            version {record.version}, ETag {record.etag}
          </small>
        </h2>
        <p>Administrators see and write all three scopes. Saving replaces the scopes you have changed.</p>
        <form onSubmit={save}>
          {scopes.map((scope) => {
            const stored = pretty(record[scope]);
            return (
              <div key={scope}>
                <label htmlFor={`admin-${scope}`}>
                  {scope.charAt(0).toUpperCase() + scope.slice(1)}{" "}
                  <span className={`badge ${scope}`}>{badges[scope]}</span>
                </label>
                <textarea
                  id={`admin-${scope}`}
                  rows={Math.min(Math.max(stored.split("\n").length, 3), 16)}
                  spellCheck={false}
                  autoComplete="off"
                  value={edits[scope] ?? stored}
                  onChange={(event) => setEdits({ ...edits, [scope]: event.target.value })}
                />
              </div>
            );
          })}
          <label htmlFor="admin-reason">Reason, for the change log</label>
          <input
            id="admin-reason"
            maxLength={200}
            autoComplete="off"
            placeholder="optional"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <div className="actions">
            <button type="submit" className="primary">
              Save changes
            </button>
          </div>
        </form>
        <Message said={said} />
      </article>
      <article className="card">
        <h2>History</h2>
        <Log
          changes={changes}
          onRevert={({ id }) => act(() => write("POST", `${path}/history/${encodeURIComponent(id)}/revert`))}
        />
      </article>
    </div>
  );
}
