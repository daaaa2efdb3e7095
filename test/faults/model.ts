import type { Scope } from "@usermeta/core";
import fc from "fast-check";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Document = { readonly [key: string]: Json };

/** The three scopes of a user. */
export type Content = Readonly<Record<Scope, Document>>;

/** Something that a client does to one of a few users. */
export type Command =
  | { readonly do: "get"; readonly userId: string }
  | { readonly do: "erase"; readonly userId: string }
  | { readonly do: "clear"; readonly userId: string; readonly scope: Scope; readonly hasKey: boolean }
  | {
      readonly do: "update";
      readonly userId: string;
      readonly scope: Scope;
      readonly merge: "shallow" | "deep" | "replace";
      readonly document: Document;
      /** Whether it may only happen to the state that the client saw last. */
      readonly isConditional: boolean;
      /** Whether it has an idempotency key, and is repeated when its outcome is not known. */
      readonly hasKey: boolean;
    };

/** All of them: the fewer there are, the more clients meet. */
export const userIds: readonly string[] = ["ann", "bob"];

const userId = fc.constantFrom(...userIds);
const scope = fc.constantFrom<Scope>("public", "private", "unsafe");
const key = fc.constantFrom("a", "b");
const value = fc.oneof(
  fc.constantFrom<Json>(null, 1, [null], {}),
  fc.dictionary(key, fc.constantFrom<Json>(null, 1, 2), { maxKeys: 2, noNullPrototype: true }),
);
const document = fc.dictionary(key, value, { maxKeys: 2, noNullPrototype: true });
const merge = fc.constantFrom("shallow" as const, "deep" as const, "replace" as const);
const update = { do: fc.constant("update" as const), userId, scope, merge, document };

export const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ ...update, isConditional: fc.boolean(), hasKey: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("get" as const), userId }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const), userId, scope, hasKey: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("erase" as const), userId }) },
);

/** What a command makes of a user, by the book and without regard for anybody else. */
export function applied(before: Content, command: Command): Content {
  if (command.do === "get") return before;
  if (command.do === "erase") return { public: {}, private: {}, unsafe: {} };
  return { ...before, [command.scope]: command.do === "clear" ? {} : merged(before[command.scope], command) };
}

function merged(old: Document, { merge, document }: Extract<Command, { do: "update" }>): Document {
  if (merge === "replace") return document;
  if (merge === "deep") return patched(old, document) as Document;
  return Object.fromEntries(Object.entries({ ...old, ...document }).filter(([name]) => document[name] !== null));
}

/** RFC 7396, section 2. */
function patched(old: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(old) ? old : {}));
  for (const [name, part] of Object.entries(patch))
    if (part === null) result.delete(name);
    else result.set(name, patched(result.get(name), part));
  return Object.fromEntries(result);
}

const isObject = (json: Json | undefined): json is Document =>
  typeof json === "object" && json !== null && !Array.isArray(json);
