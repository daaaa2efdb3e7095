import type { HttpRequest } from "../http.ts";
import type { Edit } from "../metadata/edit.ts";
import type { ResolvedLimits } from "../metadata/limits.ts";
import { mergeEdit } from "../metadata/merge.ts";
import { patchEdit } from "../metadata/patch.ts";
import type { Scope } from "../metadata/store.ts";
import { readJson } from "./body.ts";

const patchTypes = ["application/json", "application/merge-patch+json", "application/json-patch+json"] as const;

/** The edit that a `PATCH` body asks for; its media type says how it is merged (RFC 5789, 7396, 6902). */
export async function readPatch(
  request: HttpRequest,
  limits: ResolvedLimits,
  writable: readonly Scope[],
): Promise<Edit> {
  const { mediaType, value } = await readJson(request, patchTypes, limits.bodyBytes);
  if (mediaType === "application/json-patch+json") return patchEdit(value, limits, writable);
  return mergeEdit(mediaType === "application/json" ? "shallow" : "deep", value, limits, writable);
}

/** The edit that a `PUT` body asks for: each scope it names becomes what it says. */
export async function readReplacement(
  request: HttpRequest,
  limits: ResolvedLimits,
  writable: readonly Scope[],
): Promise<Edit> {
  const { value } = await readJson(request, ["application/json"], limits.bodyBytes);
  return mergeEdit("replace", value, limits, writable);
}
