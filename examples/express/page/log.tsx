import type { Difference } from "@usermeta/core/json";

/** An entry of a change log. */
export interface Change {
  readonly id: string;
  readonly version: number;
  readonly at: string;
  readonly kind: string;
  readonly actor: string;
  readonly reason?: string;
  readonly changes: readonly Difference[];
}

const kinds = new Map([
  ["update", "updated"],
  ["replace", "replaced"],
  ["patch", "patched"],
  ["clear", "cleared"],
  ["import", "imported"],
  ["revert", "reverted"],
]);

interface LogProps {
  readonly changes: readonly Change[];
  /** What to say when there are none. */
  readonly none?: string;
  readonly onRevert?: (change: Change) => void;
}

/** Who, when, and what became of each value. */
export function Log({ changes, none, onRevert }: LogProps) {
  return (
    <ol className="log">
      {changes.length === 0 && <li className="hint">{none}</li>}
      {changes.map((change) => (
        <li key={change.id}>
          <p>
            <span>
              <strong>{change.actor}</strong> {kinds.get(change.kind) ?? change.kind} → version {change.version}
              {change.reason && `: “${change.reason}”`}
            </span>
            <span>
              <time dateTime={change.at} title={change.at}>
                {new Date(change.at).toLocaleString()}
              </time>{" "}
              {onRevert && (
                <button type="button" aria-label={`Revert version ${change.version}`} onClick={() => onRevert(change)}>
                  Revert
                </button>
              )}
            </span>
          </p>
          <ul>
            {change.changes.map((difference) => (
              <li key={difference.path}>
                <What {...difference} />
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

function What({ path, from, to, masked }: Difference) {
  return (
    <>
      {path} {masked && "(masked)"}
      {from !== undefined && <del>{JSON.stringify(from)}</del>}
      {from !== undefined && (to === undefined ? " removed" : " → ")}
      {to !== undefined && <ins>{JSON.stringify(to)}</ins>}
    </>
  );
}
