import { history, historyKeymap, standardKeymap } from "@codemirror/commands";
import { jsonParseLinter } from "@codemirror/lang-json";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { type Diagnostic, lintGutter, nextDiagnostic, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { parsePointer, type UserMetaError } from "@usermeta/core/json";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { findPointer, jsonView } from "./codemirror.ts";

/** What an editor is given. */
export interface EditorProps {
  readonly label: string;
  readonly text: string;
  /** The editor takes the text over when this changes; until then what is typed counts. */
  readonly revision: number;
  /** What is wrong with the text; its pointer begins within the document. */
  readonly error: UserMetaError | undefined;
  readonly describedBy: string;
  readonly onChange: (text: string) => void;
}

/** JSON to be edited. Tab leaves it, as it leaves any field. */
export function Editor({ label, text, revision, error, describedBy, onChange }: EditorProps): JSX.Element {
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef(onChange);
  latest.current = onChange;

  // Made once, and kept up to date below.
  useEffect(() => {
    const made = new EditorView({
      parent: parent.current as HTMLDivElement,
      state: EditorState.create({
        doc: text,
        extensions: [
          jsonView,
          lintGutter(),
          lineNumbers(),
          history(),
          replaceSelection,
          indentUnit.of("  "),
          indentOnInput(),
          bracketMatching(),
          keymap.of([...standardKeymap, ...historyKeymap, { key: "F8", run: nextDiagnostic }]),
          EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": describedBy }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  useEffect(() => {
    const { current } = view;
    if (current === null || current.state.doc.toString() === text) return;
    current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert: text } });
  }, [revision]);

  useEffect(() => {
    const { current } = view;
    current?.dispatch(setDiagnostics(current.state, diagnose(current, error)));
  }, [error]);

  return <div ref={parent} class="editor" />;
}

/** Left to the browser, typing over a selection makes it keep the old text's look by an inline style: the policy forbids those. */
const replaceSelection = EditorView.domEventHandlers({
  beforeinput: ({ inputType, data }, view) => {
    if (inputType !== "insertText" || data === null || view.composing || view.state.selection.main.empty) return false;
    view.dispatch(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
    return true;
  },
});

const parseLinter = jsonParseLinter();

/** The parser knows best where syntax is wrong; every other rule names its place by a pointer. */
function diagnose(view: EditorView, error: UserMetaError | undefined): Diagnostic[] {
  if (error === undefined) return [];
  if (error.code === "invalid_json") return parseLinter(view);
  const place = findPointer(view.state, parsePointer(error.pointer ?? "") ?? []);
  return [{ ...place, severity: "error", message: error.message }];
}
