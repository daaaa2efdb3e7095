import { checkOptions, invalidConfig, UserMetaError } from "../errors.ts";
import { emptyResponse, type HttpRequest, type HttpResponse, jsonResponse, type Routes } from "../http.ts";
import { revertEdit } from "../metadata/change.ts";
import { clearEdit, type Edit } from "../metadata/edit.ts";
import { pointerTo, stringify } from "../metadata/json.ts";
import type { Where } from "../metadata/query.ts";
import type { Documents } from "../metadata/record.ts";
import { allPages, collect } from "../metadata/records.ts";
import { parseJson } from "../metadata/scanner.ts";
import { type Scope, scopes } from "../metadata/store.ts";
import { checkUserId } from "../metadata/user-id.ts";
import { toJson, toObject } from "../metadata/value.ts";
import type { Session } from "../session/session.ts";
import type { UserMeta } from "../usermeta.ts";
import type { AdminKey } from "./admin-key.ts";
import { readJson } from "./body.ts";
import { readPatch, readReplacement } from "./edit.ts";
import { readWriteOptions } from "./headers.ts";
import { createRoutes, type Target } from "./router.ts";
import { adminView, showRecord, showWritten } from "./view.ts";

/** What {@link adminRoutes} takes. */
export interface AdminRoutesOptions {
  /**
   * Who may use the routes: {@link adminKey}, or a predicate on the session that names the actor for the change log,
   * e.g. `(session) => session.claims.role === "admin" && { actor: session.userId }`.
   */
  readonly authorize: AdminKey | ((session: Session<unknown>) => Verdict | Promise<Verdict>);
}
type Verdict = false | { readonly actor: string };

/**
 * Everything about any user, for operators and back ends: `GET`, `PATCH`, `PUT`, `DELETE /admin/users/{id}/metadata`;
 * `DELETE /admin/users/{id}`; `GET …/history`, `POST …/history/{changeId}/revert`, `GET …/export`; `GET /admin/users`;
 * `POST /admin/users/metadata`. Throws `invalid_config` without `authorize`.
 */
export function adminRoutes(
  meta: Pick<UserMeta<Documents>, "verifySession" | "records" | "cors">,
  options: AdminRoutesOptions,
): Routes {
  checkOptions("adminRoutes", options, ["authorize"]);
  const { authorize } = options;
  if (typeof authorize !== "function" && typeof authorize?.check !== "function")
    throw invalidConfig("adminRoutes needs authorize: adminKey({ name: key }), or (session) => false | { actor }");
  const { records, cors } = meta;

  async function actorOf(request: HttpRequest): Promise<string> {
    if (typeof authorize !== "function") return authorize.check(request).actor;
    const verdict = await authorize(await meta.verifySession(request));
    if (!verdict) throw new UserMetaError("admin_forbidden", "the session is not an administrator's");
    if (typeof verdict.actor !== "string" || verdict.actor === "")
      throw invalidConfig("authorize must return false, or { actor } with the name that the change log shows");
    return verdict.actor;
  }

  const write =
    (readEdit: (request: HttpRequest, target: Target, userId: string) => Promise<Edit>) =>
    async (request: HttpRequest, target: Target): Promise<HttpResponse> => {
      const actor = await actorOf(request);
      const userId = userIdOf(target);
      const options = { ...readWriteOptions(request), actor };
      const edit = await readEdit(request, target, userId);
      return showWritten(await records.write(userId, edit, options), adminView);
    };

  const read =
    (answer: (request: HttpRequest, target: Target) => Promise<HttpResponse>) =>
    async (request: HttpRequest, target: Target): Promise<HttpResponse> => {
      await actorOf(request);
      return answer(request, target);
    };

  const user = "/admin/users/{id}";
  return createRoutes(cors, [
    {
      method: "GET",
      path: `${user}/metadata`,
      handle: read(async (request, target) => showRecord(request, await records.read(userIdOf(target)), adminView)),
    },
    {
      method: "PATCH",
      path: `${user}/metadata`,
      handle: write((request) => readPatch(request, records.limits, scopes)),
    },
    {
      method: "PUT",
      path: `${user}/metadata`,
      handle: write((request) => readReplacement(request, records.limits, scopes)),
    },
    {
      method: "DELETE",
      path: `${user}/metadata`,
      handle: write(async (_request, target) => clearEdit(scopeOf(target))),
    },
    {
      method: "DELETE",
      path: user,
      handle: read(async (request, target) => {
        const userId = userIdOf(target);
        const { ifMatch, ifAbsent } = readWriteOptions(request);
        if (ifMatch !== undefined || ifAbsent === true)
          throw new UserMetaError("invalid_request", "an erasure takes no preconditions: it is for whatever is there");
        await records.erase(userId);
        return emptyResponse(204);
      }),
    },
    {
      method: "GET",
      path: `${user}/history`,
      handle: read(async (_request, target) => {
        const userId = userIdOf(target);
        const query = target.query(["limit", "cursor"]);
        const { items, next } = await records.history(userId, { limit: limitOf(query), cursor: query.get("cursor") });
        return jsonResponse(200, stringify({ changes: items, next: next ?? null }));
      }),
    },
    {
      method: "POST",
      path: `${user}/history/{changeId}/revert`,
      handle: write(async (_request, target, userId) =>
        revertEdit(await records.change(userId, target.segment("changeId"))),
      ),
    },
    {
      method: "GET",
      path: `${user}/export`,
      handle: read(async (_request, target) => {
        const userId = userIdOf(target);
        const changes = stringify(await collect(allPages((page) => records.history(userId, page))));
        const text = `{"record":${adminView.toText(await records.read(userId))},"history":${changes}}`;
        return jsonResponse(200, text, { "content-disposition": 'attachment; filename="usermeta-export.json"' });
      }),
    },
    {
      method: "GET",
      path: "/admin/users",
      handle: read(async (_request, target) => {
        const query = target.query(["where", "limit", "cursor"]);
        const where = whereOf(query);
        const { items, next } = await records.list({ where, limit: limitOf(query), cursor: query.get("cursor") });
        return jsonResponse(
          200,
          `{"users":[${items.map(adminView.toText).join(",")}],"next":${stringify(next ?? null)}}`,
        );
      }),
    },
    {
      method: "POST",
      path: "/admin/users/metadata",
      handle: read(async (request) => {
        const userIds = await readUserIds(request, records.limits.bodyBytes);
        const users = await Promise.all(userIds.map(async (userId) => records.read(userId)));
        return jsonResponse(200, `{"users":[${users.map(adminView.toText).join(",")}]}`);
      }),
    },
  ]);
}

function userIdOf(target: Target): string {
  let userId: string | undefined;
  try {
    userId = decodeURIComponent(target.segment("id"));
  } catch {
    // not UTF-8: refused below like any other bad id
  }
  checkUserId(userId);
  return userId;
}

/** `?scope=`, or all of them. */
function scopeOf(target: Target): readonly Scope[] {
  const scope = target.query(["scope"]).get("scope");
  if (scope === undefined) return scopes;
  if (!scopes.includes(scope as Scope))
    throw new UserMetaError("invalid_query", "scope must be public, private or unsafe");
  return [scope as Scope];
}

function limitOf(query: ReadonlyMap<string, string>): number {
  const limit = query.get("limit") ?? "50";
  if (!/^[1-9]\d{0,2}$/.test(limit) || Number(limit) > 500)
    throw new UserMetaError("invalid_query", "limit must be a number from 1 to 500");
  return Number(limit);
}

/** `where` as it came: JSON text that must be good, and that the search itself checks further. */
function whereOf(query: ReadonlyMap<string, string>): Where {
  const text = query.get("where");
  if (text === undefined) return {};
  try {
    return parseJson(text, true) as Where;
  } catch {
    throw new UserMetaError("invalid_query", "where must be URL-encoded JSON");
  }
}

async function readUserIds(request: HttpRequest, maxBytes: number): Promise<readonly string[]> {
  const { value } = await readJson(request, ["application/json"], maxBytes);
  const { userIds, ...others } = toObject(toJson(value, 2), "");
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new UserMetaError("unknown_member", "only userIds can be named", { pointer: pointerTo("", unknown) });
  if (!Array.isArray(userIds) || userIds.length > 500)
    throw new UserMetaError("invalid_request", "userIds must be an array of at most 500 user ids", {
      pointer: "/userIds",
    });
  for (const userId of userIds) checkUserId(userId);
  return userIds;
}
