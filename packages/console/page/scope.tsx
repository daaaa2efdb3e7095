import type { Scope } from "@usermeta/core/json";
import { UserMetaError } from "@usermeta/core/json";
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { type Draft, pretty, readText } from "./drafts.ts";
import { Editor } from "./editor.tsx";
import { Meter } from "./meter.tsx";

const who: Readonly<Record<Scope, string>> = {
  public: "The user reads it",
  private: "The server's own",
  unsafe: "The user writes it",
};

/** What a panel is given. */
export interface ScopePanelProps {
  readonly scope: Scope;
  readonly draft: Draft;
  readonly isEdited: boolean;
  readonly onChange: (text: string) => void;
  readonly onFormat: (text: string) => void;
}

/** One scope: its editor, its size against the limit, and whether it could be saved. */
export function ScopePanel({ scope, draft, isEdited, onChange, onFormat }: ScopePanelProps): JSX.Element {
  const status = useId();
  const text = draft.texts[scope];
  const reading = readText(text, scope, draft.record);
  const error = reading.error ?? refusalOf(draft, scope);
  return (
    <section class={`card scope ${scope}`} aria-label={scope}>
      <header>
        <h2>{scope}</h2>
        <span class="soft">{who[scope]}</span>
        <Meter scope={scope} size={reading.size} />
      </header>
      <Editor
        label={`${scope} metadata, JSON`}
        text={text}
        revision={draft.revision}
        error={error}
        describedBy={status}
        onChange={onChange}
      />
      <footer>
        <p id={status} role="status" class={error === undefined ? "soft" : "wrong"}>
          {error === undefined ? (isEdited ? "Edited" : "As saved") : sentence(error)}
        </p>
        <button
          type="button"
          class="quiet"
          disabled={reading.document === undefined || text === pretty(reading.document)}
          onClick={() => reading.document && onFormat(pretty(reading.document))}
        >
          Format<span class="hidden"> {scope}</span>
        </button>
      </footer>
    </section>
  );
}

/** What the server found wrong in this scope, with its pointer from the scope's root. */
function refusalOf({ refused }: Draft, scope: Scope): UserMetaError | undefined {
  const [, place] = /^\/(?:public|private|unsafe)(\/.*)?$/.exec(refused?.pointer ?? "") ?? [];
  if (refused === undefined || !`${refused.pointer}/`.startsWith(`/${scope}/`)) return undefined;
  return new UserMetaError(refused.code, refused.message, { pointer: place ?? "" });
}

function sentence({ message, pointer }: UserMetaError): string {
  const place = pointer === undefined || pointer === "" ? "" : ` (at ${pointer})`;
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}${place}.`;
}
