import { unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { jsonView } from "./codemirror.ts";

/** Two texts to compare. */
export interface DiffProps {
  readonly label: string;
  readonly before: string;
  readonly after: string;
}

/** What is new in a text, and what is gone. */
export function Diff({ label, before, after }: DiffProps): JSX.Element {
  const parent = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const view = new EditorView({
      parent: parent.current as HTMLDivElement,
      state: EditorState.create({
        doc: after,
        extensions: [
          jsonView,
          lineNumbers(),
          EditorState.readOnly.of(true),
          EditorView.editable.of(false),
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: { margin: 3, minSize: 8 } }),
        ],
      }),
    });
    return () => view.destroy();
  }, [label, before, after]);
  return <div ref={parent} class="editor diff" />;
}
