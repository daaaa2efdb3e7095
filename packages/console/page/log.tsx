import { type Signal, useSignal } from "@preact/signals";
import { type Difference, UserMetaError } from "@usermeta/core/json";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Dialog } from "./dialog.tsx";
import { Differences } from "./differences.tsx";
import { type Draft, editedScopes, toDraft } from "./drafts.ts";
import { Problem } from "./gate.tsx";
import { Undo } from "./icons.tsx";
import { say } from "./notice.ts";
import { type Change, read, send, type UserRecord } from "./requests.ts";
import { Time } from "./time.tsx";

interface ChangePage {
  readonly changes: readonly Change[];
  readonly next: string | null;
}

/** The change log of a user, newest first. */
export function Log({
  userId,
  draft,
}: {
  readonly userId: string;
  readonly draft: Signal<Draft | undefined>;
}): JSX.Element {
  const path = `admin/users/${encodeURIComponent(userId)}/history`;
  const log = useSignal<ChangePage | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  const reverting = useSignal<Change | undefined>(undefined);
  const abort = useRef(new AbortController());

  async function load(cursor?: string): Promise<void> {
    const query = new URLSearchParams({ limit: "20", ...(cursor !== undefined && { cursor }) });
    const page = await read<ChangePage>(`${path}?${query}`, abort.current.signal);
    const known = cursor === undefined ? [] : (log.value?.changes ?? []);
    log.value = { changes: [...known, ...page.changes], next: page.next };
  }
  const fail = (reason: unknown): void => {
    if (!abort.current.signal.aborted) error.value = reason;
  };

  useEffect(() => {
    const controller = new AbortController();
    abort.current = controller;
    load().catch(fail);
    return () => controller.abort();
  }, [path]);

  function reverted(record: UserRecord): void {
    reverting.value = undefined;
    const hasEdits = draft.value !== undefined && editedScopes(draft.value).length > 0;
    if (!hasEdits) draft.value = toDraft(record);
    say(`Reverted in version ${record.version}.${hasEdits ? " Your unsaved edits are kept." : ""}`);
    load().catch(fail);
  }

  const { changes = [], next = null } = log.value ?? {};
  return (
    <section class="log" aria-label="Change log" aria-busy={log.value === undefined && error.value === undefined}>
      {error.value !== undefined && (
        <div role="alert">
          <Problem error={error.value} />
        </div>
      )}
      {log.value !== undefined && changes.length === 0 && <p class="empty">The change log is empty.</p>}
      <ol>
        {changes.map((change) => (
          <li key={change.id} class="card entry">
            <header>
              <span class="kind">{change.kind}</span>
              <code class="actor">
                <bdi>{change.actor}</bdi>
              </code>
              <Time at={change.at} />
              <span class="soft">version {change.version}</span>
              {change.reason !== undefined && (
                <span class="reason">
                  <bdi>{change.reason}</bdi>
                </span>
              )}
              <button
                type="button"
                class="quiet"
                disabled={!isRevertible(change)}
                title={isRevertible(change) ? undefined : "The log does not hold the values of this change"}
                onClick={() => {
                  reverting.value = change;
                }}
              >
                <Undo /> Revert<span class="hidden"> version {change.version}</span>
              </button>
            </header>
            <Differences changes={change.changes} />
          </li>
        ))}
      </ol>
      {next !== null && (
        <button type="button" onClick={() => void load(next).catch(fail)}>
          Older changes
        </button>
      )}
      {reverting.value !== undefined && (
        <Revert
          path={path}
          change={reverting.value}
          onClose={() => {
            reverting.value = undefined;
          }}
          onReverted={reverted}
        />
      )}
    </section>
  );
}

/** Values that are masked or too large were never kept. */
const isRevertible = ({ changes }: Change): boolean =>
  changes.length > 0 && !changes.some(({ masked, fromSize, toSize }) => masked ?? fromSize ?? toSize);

const inverse = ({ path, from, to }: Difference): Difference => ({
  path,
  ...(to !== undefined && { from: to }),
  ...(from !== undefined && { to: from }),
});

interface RevertProps {
  readonly path: string;
  readonly change: Change;
  readonly onClose: () => void;
  readonly onReverted: (record: UserRecord) => void;
}

function Revert({ path, change, onClose, onReverted }: RevertProps): JSX.Element {
  const error = useSignal<unknown>(undefined);
  const isBusy = useSignal(false);
  const key = useRef(crypto.randomUUID()); // a second try is the same revert

  async function revert(): Promise<void> {
    isBusy.value = true;
    try {
      const target = `${path}/${encodeURIComponent(change.id)}/revert`;
      const response = await send("POST", target, { headers: { "idempotency-key": key.current } });
      onReverted((await response.json()) as UserRecord);
    } catch (reason) {
      error.value = reason;
      isBusy.value = false;
    }
  }

  const isFinal = error.value instanceof UserMetaError && error.value.code === "change_not_revertible";
  return (
    <Dialog title={`Revert version ${change.version}`} size="large" onClose={onClose}>
      <p>These places will be as they were before. The revert is a change of its own, and can be reverted in turn.</p>
      <Differences changes={change.changes.map(inverse)} />
      <div role="alert">{error.value !== undefined && <Problem error={error.value} />}</div>
      <div class="actions">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="primary" disabled={isBusy.value || isFinal} onClick={() => void revert()}>
          Revert
        </button>
      </div>
    </Dialog>
  );
}
