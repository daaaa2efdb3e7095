import { invalidConfig, type Json, type JsonObject, type Scope, UserMetaError } from "@usermeta/core";
import { parseJson } from "@usermeta/core/routes";
import type { Command } from "commander";
import { type Place, toPlace, type WriteFlags, write, writeCommand } from "./command.ts";

interface SetFlags extends WriteFlags {
  readonly string?: true;
}

/** `usermeta set`: places of a record become what is given; everything around them stays. */
export function setCommand(): Command {
  return writeCommand("set", "set places of a user's record")
    .argument("<assignments...>", "scope.key=value, e.g. public.plan=pro private.credits=10 'unsafe.tags=[\"a\"]'")
    .option("--string", "take every value as text; else what is JSON is JSON")
    .addHelpText("after", "\nA value that is no JSON is text. null is a value: to remove a key, use unset.")
    .action(async (userId: string, assignments: readonly string[], flags: SetFlags) => {
      const changes = assignments.map((assignment) => toChange(assignment, flags.string ?? false));
      await write(userId, flags, (meta, options) =>
        meta.update(userId, (current) => assign(current, changes), { ...options, merge: "replace" }),
      );
    });
}

/** `usermeta unset`: removes keys. */
export function unsetCommand(): Command {
  return writeCommand("unset", "remove keys of a user's record")
    .argument("<places...>", "scope.key.key, e.g. public.plan")
    .action(async (userId: string, places: readonly string[], flags: WriteFlags) => {
      const changes = places.map((place) => ({ ...toKey(place), value: undefined }));
      await write(userId, flags, (meta, options) =>
        meta.update(userId, (current) => assign(current, changes), { ...options, merge: "replace" }),
      );
    });
}

interface Change extends Place {
  /** `undefined` removes. */
  readonly value: Json | undefined;
}

function toChange(assignment: string, isText: boolean): Change {
  const at = assignment.indexOf("=");
  if (at === -1) throw invalidConfig("assign as scope.key=value, e.g. public.plan=pro");
  const text = assignment.slice(at + 1);
  return { ...toKey(assignment.slice(0, at)), value: isText ? text : toValue(text) };
}

function toKey(name: string): Place {
  const place = toPlace(name);
  if (place.path.length === 0)
    throw invalidConfig("name a key below the scope; use replace or clear for a whole scope");
  return place;
}

/** JSON that JavaScript would change is refused, not taken as text. */
function toValue(text: string): Json {
  try {
    return parseJson(text, true) as Json;
  } catch (error) {
    if (error instanceof UserMetaError && error.code === "invalid_json" && !/^[[{"]/.test(text.trim())) return text;
    throw error;
  }
}

/** The scopes that the changes touch, with the changes made. */
function assign(
  current: Readonly<Record<Scope, object>>,
  changes: readonly Change[],
): Partial<Record<Scope, JsonObject>> {
  const result: Partial<Record<Scope, JsonObject>> = {};
  for (const { scope, path, value } of changes)
    result[scope] = put(result[scope] ?? (current[scope] as JsonObject), path, value);
  return result;
}

function put(object: JsonObject, [key = "", ...rest]: readonly string[], value: Json | undefined): JsonObject {
  const here = Object.hasOwn(object, key) ? object[key] : undefined;
  if (rest.length === 0) {
    if (value !== undefined) return { ...object, [key]: value };
    return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
  }
  if (here === undefined && value === undefined) return object;
  if (here !== undefined && (typeof here !== "object" || here === null || Array.isArray(here)))
    throw new UserMetaError("not_an_object", "the place lies inside a value that is no object");
  return { ...object, [key]: put((here ?? {}) as JsonObject, rest, value) };
}
