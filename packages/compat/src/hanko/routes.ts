import { randomBytes } from "node:crypto";
import {
  checkOptions,
  type Documents,
  type HttpRequest,
  type HttpResponse,
  invalidConfig,
  type Routes,
  type Scope,
  type StoredRecord,
  scopes,
  type UserMeta,
  UserMetaError,
} from "@usermeta/core";
import {
  checkMediaType,
  createRoutes,
  emptyResponse,
  header,
  isObject,
  jsonResponse,
  readValue,
  type Target,
} from "@usermeta/core/routes";
import { keyCheck } from "../keys.ts";
import { write } from "../write.ts";
import { patchEdit } from "./edit.ts";
import { showError } from "./error.ts";
import { profileFlow } from "./profile.ts";
import { metadataText, profileText, userText } from "./view.ts";

/** What {@link hankoRoutes} takes. */
export interface HankoRoutesOptions {
  /** The key of the admin API, 16 characters and more; `false` lets everybody in, like a Hanko of one's own. */
  readonly apiKey: string | undefined | false;
  /** Which users there are, as whatever signs them in knows; the others are 404. Without it every UUID is a user's. */
  readonly userExists?: (userId: string) => boolean | Promise<boolean>;
}

const maxBodyBytes = 2 ** 17;
const actor = "key:hanko";

/**
 * The user-metadata part of Hanko. Its admin API: `GET` and `PATCH /users/{id}/metadata`, `GET` and `DELETE /users/{id}`.
 * Its public API, on the session of `meta`'s verifier: `GET /me`, and `POST /profile` with the action `patch_metadata`.
 * Throws `invalid_config`.
 *
 * ```ts
 * app.use("/hanko", mount(hankoRoutes(meta, { apiKey: process.env.HANKO_API_KEY })));
 * ```
 */
export function hankoRoutes(
  meta: Pick<UserMeta<Documents>, "verifySession" | "records" | "cors">,
  options: HankoRoutesOptions,
): Routes {
  checkOptions("hankoRoutes", options, ["apiKey", "userExists"]);
  const { apiKey, userExists = () => true } = options;
  if (typeof userExists !== "function") throw invalidConfig("userExists must be a function of a user id");
  const isKey = keyCheck(apiKey === false ? false : { apiKey });
  const { records } = meta;

  const asAdmin =
    (answer: (userId: string, request: HttpRequest) => Promise<HttpResponse>) =>
    async (request: HttpRequest, target: Target): Promise<HttpResponse> => {
      const [, key = ""] = /^Bearer (.+)$/i.exec(header(request, "authorization") ?? "") ?? [];
      if (!isKey(key)) throw new UserMetaError("admin_key_invalid", "the API key is not the configured one");
      const userId = target.segment("id").toLowerCase();
      if (!uuid.test(userId)) throw new UserMetaError("invalid_user_id", "a user id must be a UUID");
      if (!(await userExists(userId))) throw new UserMetaError("not_found", "user not found");
      return answer(userId, request);
    };

  const admin = createRoutes(
    { origins: [], credentials: false },
    [
      {
        method: "GET",
        path: "/users/{id}/metadata",
        handle: asAdmin(async (userId) => showMetadata(await records.read(userId))),
      },
      {
        method: "PATCH",
        path: "/users/{id}/metadata",
        handle: asAdmin(async (userId, request) => {
          const edit = patchEdit(await readPatch(request), records.limits.depth);
          return showMetadata(await write(records, userId, edit, actor));
        }),
      },
      {
        method: "GET",
        path: "/users/{id}",
        handle: asAdmin(async (userId) => jsonResponse(200, userText(await records.read(userId)))),
      },
      {
        method: "DELETE",
        path: "/users/{id}",
        handle: asAdmin(async (userId) => {
          await records.erase(userId);
          return emptyResponse(204);
        }),
      },
    ],
    showError,
  );

  const own = createRoutes(
    meta.cors,
    [
      {
        method: "GET",
        path: "/me",
        handle: async (request) => {
          const session = await meta.verifySession(request, { sessionRequired: true });
          return jsonResponse(200, profileText(await records.read((session as NonNullable<typeof session>).userId)));
        },
      },
      { method: "POST", path: "/profile", handle: profileFlow(meta, apiKey || randomBytes(32)) },
    ],
    showError,
  );

  return {
    table: [...admin.table, ...own.table],
    handle: (request) => admin.handle(request) ?? own.handle(request),
  };
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** 204 when there is nothing to show. */
function showMetadata(record: StoredRecord): HttpResponse {
  const metadata = metadataText(record, scopes);
  return metadata === undefined ? emptyResponse(204) : jsonResponse(200, metadata);
}

/** A patch as the admin API checks it (`dto/admin/metadata.go`): `null` for all three, other members ignored, `{}` nothing. */
async function readPatch(request: HttpRequest): Promise<{ readonly [S in Scope]?: unknown }> {
  const body = await readValue(request, maxBodyBytes);
  if (body !== undefined) checkMediaType(request, ["application/json"]);
  if (body === null) return { public: null, private: null, unsafe: null };
  if (!isObject(body)) throw new UserMetaError("not_an_object", "patch metadata must be null or object");
  const patch: { [S in Scope]?: unknown } = {};
  for (const scope of scopes) {
    const value = body[`${scope}_metadata`];
    if (value === undefined) continue;
    if (value !== null && !isObject(value))
      throw new UserMetaError("not_an_object", `${scope}_metadata must be an object or null`);
    patch[scope] = value;
  }
  return patch;
}
