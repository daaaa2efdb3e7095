import type { Difference, Json } from "@usermeta/core/json";
import type { JSX } from "preact";

/** What became of each place. */
export function Differences({ changes }: { readonly changes: readonly Difference[] }): JSX.Element {
  return (
    <ul class="differences">
      {changes.map((change) => (
        <li key={change.path}>
          <Path path={change.path} />
          <Transition {...change} />
        </li>
      ))}
    </ul>
  );
}

/** Values that were not kept: masked ones, and those of an entry that was too large. */
function Transition({ from, to, masked, fromSize, toSize }: Difference): JSX.Element {
  if (masked) return <span class="soft">masked</span>;
  const isSize = (fromSize ?? toSize) !== undefined;
  return (
    <span>
      {isSize ? `${fromSize ?? 0}` : <Value value={from} />} <span aria-hidden="true">→</span>
      <span class="hidden"> to </span> {isSize ? `${toSize ?? 0} characters` : <Value value={to} />}
    </span>
  );
}

/** A value in one line, as far as it goes; `undefined` is an absent member. */
export function Value({ value }: { readonly value: Json | undefined }): JSX.Element {
  if (value === undefined) return <span class="soft">absent</span>;
  return (
    <code class="json">
      <bdi>{JSON.stringify(value)}</bdi>
    </code>
  );
}

/** A place: the scope, and the JSON Pointer below it. */
export function Path({ path }: { readonly path: string }): JSX.Element {
  const [, scope = "", rest = ""] = /^\/([^/]+)(.*)$/s.exec(path) ?? [];
  return (
    <span class="place">
      <span class={`tag ${scope}`}>{scope}</span>{" "}
      <code>
        <bdi>{rest}</bdi>
      </code>
    </span>
  );
}
