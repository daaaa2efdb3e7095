import {
  checkOptions,
  checkUserId,
  type Documents,
  type HttpRequest,
  type HttpResponse,
  invalidConfig,
  type JsonObject,
  type Merge,
  type Routes,
  type UserMeta,
  UserMetaError,
} from "@usermeta/core";
import {
  checkMediaType,
  createRoutes,
  header,
  isObject,
  jsonResponse,
  mergeEdit,
  readValue,
  stringify,
  type Target,
} from "@usermeta/core/routes";
import { keyCheck } from "../keys.ts";
import { parseQuery } from "../query.ts";
import { sizeRule } from "../sizes.ts";
import { write } from "../write.ts";
import { fields, showError } from "./error.ts";
import { userText } from "./user.ts";

/** What {@link clerkRoutes} takes. */
export interface ClerkRoutesOptions {
  /** The key that SDKs are given as `secretKey`, 16 characters and more; `false` lets everybody in. */
  readonly secretKey: string | undefined | false;
  /** Which users there are, as whatever signs them in knows; the others are 404. Without it every id is a user's. */
  readonly userExists?: (userId: string) => boolean | Promise<boolean>;
}

/** Bytes of UTF-8 of a field's compact JSON. */
const maxFieldBytes = 8192;
const maxBodyBytes = 2 ** 18;
const maxListed = 500;
/** From this version on `PATCH /v1/users/{id}` takes no metadata any more, and `PUT …/metadata` replaces it. */
const metadataVersion = "2026-05-12";
const actor = "key:clerk";

/**
 * The user-metadata part of Clerk's Backend API: `GET`, `PATCH` and `DELETE /v1/users/{id}`, `PATCH` and
 * `PUT /v1/users/{id}/metadata`, `GET /v1/users?user_id=…` and `/v1/users/count?user_id=…`. Throws `invalid_config`.
 *
 * ```ts
 * app.use(mount(clerkRoutes(meta, { secretKey: process.env.CLERK_SECRET_KEY })));
 * const clerk = createClerkClient({ secretKey: process.env.CLERK_SECRET_KEY, apiUrl: "http://localhost:3000" });
 * ```
 */
export function clerkRoutes(meta: Pick<UserMeta<Documents>, "records">, options: ClerkRoutesOptions): Routes {
  checkOptions("clerkRoutes", options, ["secretKey", "userExists"]);
  const { secretKey, userExists = () => true } = options;
  if (typeof userExists !== "function") throw invalidConfig("userExists must be a function of a user id");
  const isKey = keyCheck(secretKey === false ? false : { secretKey });
  const { records } = meta;

  const answering =
    (answer: (request: HttpRequest, target: Target) => Promise<string>) =>
    async (request: HttpRequest, target: Target): Promise<HttpResponse> => {
      const [, key] = /^Bearer (.+)$/i.exec(header(request, "authorization") ?? "") ?? [];
      if (key === undefined) throw new UserMetaError("session_required", "a secret key is required");
      if (!isKey(key)) throw new UserMetaError("admin_key_invalid", "the secret key is not the configured one");
      versionOf(request);
      return jsonResponse(200, await answer(request, target));
    };

  async function userOf(target: Target): Promise<string> {
    const userId = decodeId(target.segment("id"));
    if (await userExists(userId)) return userId;
    throw new UserMetaError("not_found", `No user was found with id ${userId}`);
  }

  const writing = (merge: Merge, takesMetadata: (request: HttpRequest) => boolean = () => true) =>
    answering(async (request, target) => {
      const userId = await userOf(target);
      const changes = toChanges(await readBody(request), takesMetadata(request));
      const edit = { ...mergeEdit(merge, changes, records.limits), checkSizes };
      return userText(await write(records, userId, edit, actor));
    });

  async function usersOf(request: HttpRequest): Promise<readonly string[]> {
    const { userIds } = readList(request);
    const known = await Promise.all(userIds.map(async (userId) => userExists(userId)));
    return userIds.filter((_, i) => known[i]);
  }

  const user = "/v1/users/{id}";
  return createRoutes(
    { origins: [], credentials: false },
    [
      {
        method: "GET",
        path: "/v1/users/count",
        handle: answering(async (request) => {
          const users = await usersOf(request);
          return stringify({ object: "total_count", total_count: users.length });
        }),
      },
      {
        method: "GET",
        path: "/v1/users",
        handle: answering(async (request) => {
          const { offset, limit } = readList(request);
          const page = (await usersOf(request)).slice(offset, offset + limit);
          const found = await Promise.all(page.map(async (userId) => records.read(userId)));
          return `[${found.map(userText).join(",")}]`;
        }),
      },
      {
        method: "GET",
        path: user,
        handle: answering(async (_request, target) => userText(await records.read(await userOf(target)))),
      },
      { method: "PATCH", path: user, handle: writing("replace", (request) => versionOf(request) < metadataVersion) },
      {
        method: "DELETE",
        path: user,
        handle: answering(async (_request, target) => {
          const id = await userOf(target);
          await records.erase(id);
          return stringify({ object: "user", id, deleted: true });
        }),
      },
      { method: "PATCH", path: `${user}/metadata`, handle: writing("deep") },
      { method: "PUT", path: `${user}/metadata`, handle: writing("replace") },
    ],
    showError,
  );
}

/** Clerk's own error for ids that no user can have. */
function decodeId(segment: string): string {
  let userId: string | undefined;
  try {
    userId = decodeURIComponent(segment);
  } catch {
    // not UTF-8: refused below like any other bad id
  }
  checkUserId(userId);
  return userId;
}

/** The body; `undefined` when there is none, as the SDK sends an empty object. */
async function readBody(request: HttpRequest): Promise<unknown> {
  const value = await readValue(request, maxBodyBytes);
  if (value !== undefined) checkMediaType(request, ["application/json"]);
  return value;
}

/** `{ public_metadata: {…} }` as `{ public: {…} }`. Everything else about a user is whatever signs them in's. */
function toChanges(body: unknown, takesMetadata: boolean): JsonObject {
  if (body === undefined) return {};
  if (!isObject(body)) throw new UserMetaError("invalid_json", "the body must be a JSON object");
  const known = takesMetadata ? Object.keys(fields) : [];
  const stray = Object.keys(body).find((name) => !known.includes(name));
  if (stray !== undefined)
    throw new UserMetaError("unknown_member", `${stray} is not a valid parameter for this request.`, {
      pointer: `/${stray}`,
    });
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [fields[name], value]));
}

/** The version that a request speaks, `""` where it does not say. Saying it twice is an error of its own. */
function versionOf(request: HttpRequest): string {
  const inHeader = header(request, "clerk-api-version");
  const inQuery = new Map(queryOf(request)).get("__clerk_api_version");
  const version = inHeader ?? inQuery ?? "";
  if ((inHeader !== undefined && inQuery !== undefined) || !/^(?:\d{4}-\d{2}-\d{2})?$/.test(version))
    throw new UserMetaError("not_supported", "The API version must be a date, in the header or in the query.");
  return version;
}

interface List {
  readonly userIds: readonly string[];
  readonly limit: number;
  readonly offset: number;
}

/** What a list asks for. It has to name its users: nothing is ever searched by a scan. */
function readList(request: HttpRequest): List {
  const userIds = new Set<string>();
  const page = { limit: 10, offset: 0 };
  for (const [name, value] of queryOf(request)) {
    const pointer = `/${name}`;
    if (name === "user_id") {
      checkUserId(value);
      userIds.add(value);
    } else if (name === "limit" || name === "offset") {
      const number = /^\d{1,9}$/.test(value) ? Number(value) : -1;
      if (number < 0 || (name === "limit" && (number < 1 || number > maxListed)))
        throw new UserMetaError("invalid_value", `${name} is out of range`, { pointer });
      page[name] = number;
    } else if (name !== "__clerk_api_version")
      throw new UserMetaError("unknown_member", `${name} is not a valid parameter for this request.`, { pointer });
  }
  if (userIds.size === 0) throw new UserMetaError("invalid_query", "name the users, as user_id=…&user_id=…");
  if (userIds.size > maxListed) throw new UserMetaError("invalid_query", `name at most ${maxListed} users`);
  return { userIds: [...userIds], ...page };
}

const queryOf = ({ url }: HttpRequest): ReturnType<typeof parseQuery> => parseQuery(url.split(/\?(.*)/s)[1] ?? "");

const encoder = new TextEncoder();
const checkSizes = sizeRule(
  maxFieldBytes,
  (document) => encoder.encode(JSON.stringify(document)).length,
  ([scope]) => `The given ${scope}_metadata exceeds the maximum allowed size of 8192 bytes (8 KB).`,
);
