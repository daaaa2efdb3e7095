import type { StandardSchemaV1 } from "@standard-schema/spec";
import { invalidConfig, UserMetaError } from "../errors.ts";
import { type JsonObject, pointerTo } from "./json.ts";
import { type Scope, scopes } from "./store.ts";

/** One schema per scope, of any library that speaks Standard Schema (Zod, Valibot, ArkType …). */
export type Schemas = { readonly [S in Scope]?: StandardSchemaV1<object> };

/** The documents that schemas describe: what they take, since they check and never transform. */
export type DocumentsOf<S extends Schemas> = {
  readonly [K in Scope]: S[K] extends StandardSchemaV1<infer Input extends object> ? Input : JsonObject;
};

/** Throws `invalid_config` for what is no Standard Schema. */
export function checkSchemas(schemas: Schemas): void {
  for (const [scope, schema] of Object.entries(schemas))
    if (!scopes.includes(scope as Scope) || schema?.["~standard"]?.version !== 1)
      throw invalidConfig("schema must be { public?, private?, unsafe? }, each a Standard Schema, e.g. of Zod");
}

/** Throws `schema_mismatch` unless the document satisfies the scope's schema; `pointer` is the first issue's place. */
export async function checkSchema(schemas: Schemas, scope: Scope, document: JsonObject): Promise<void> {
  const result = await schemas[scope]?.["~standard"].validate(structuredClone(document));
  const issue = result?.issues?.[0];
  if (issue === undefined) return;
  const path = (issue.path ?? []).map((step) => (typeof step === "object" ? step.key : step));
  const pointer = path.reduce<string>((parent, key) => pointerTo(parent, String(key)), pointerTo("", scope));
  // The library's own words may quote the value, so they stay out of the message.
  throw new UserMetaError("schema_mismatch", "the result must satisfy the scope's schema", { pointer });
}
