import { json } from "@codemirror/lang-json";
import { HighlightStyle, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import type { EditorState, Extension } from "@codemirror/state";
import { EditorView, highlightSpecialChars } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { nonce } from "./settings.ts";

const colors = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--json-key)" },
  { tag: tags.string, color: "var(--json-string)" },
  { tag: tags.number, color: "var(--json-number)" },
  { tag: [tags.bool, tags.null], color: "var(--json-atom)" },
  { tag: [tags.separator, tags.punctuation], color: "var(--soft)" },
]);

/** What every view of JSON has; invisible characters are shown, because they are what hides in text. */
export const jsonView: Extension = [
  EditorView.cspNonce.of(nonce),
  json(),
  syntaxHighlighting(colors),
  highlightSpecialChars(),
  EditorView.lineWrapping,
];

/** Where in a JSON text a JSON Pointer leads: the value, or the whole text when it leads nowhere. */
export function findPointer(
  state: EditorState,
  tokens: readonly string[],
): { readonly from: number; readonly to: number } {
  let node = syntaxTree(state).topNode.firstChild;
  for (const token of tokens) {
    if (node === null) break;
    if (node.name === "Object") {
      const property = node
        .getChildren("Property")
        .findLast(({ firstChild }) => firstChild !== null && nameAt(state, firstChild) === token);
      node = property?.lastChild ?? null;
    } else node = elementAt(node, Number(token));
  }
  return node === null ? { from: 0, to: state.doc.length } : { from: node.from, to: node.to };
}

type Node = NonNullable<ReturnType<typeof syntaxTree>["topNode"]["firstChild"]>;

function elementAt(array: Node, index: number): Node | null {
  let child = array.firstChild;
  let n = -1;
  for (; child !== null; child = child.nextSibling) if (!"[],".includes(child.name) && ++n === index) return child;
  return null;
}

function nameAt(state: EditorState, { from, to }: Node): string | undefined {
  try {
    return JSON.parse(state.sliceDoc(from, to)) as string;
  } catch {
    return undefined; // half written
  }
}
