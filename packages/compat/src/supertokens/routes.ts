import {
  checkOptions,
  checkUserId,
  type Documents,
  type HttpRequest,
  type HttpResponse,
  invalidConfig,
  type JsonObject,
  type Routes,
  type UserMeta,
  UserMetaError,
} from "@usermeta/core";
import { clearEdit, discard, header, isObject, mergeEdit, readValue, stringify } from "@usermeta/core/routes";
import { keyCheck } from "../keys.ts";
import { parseQuery } from "../query.ts";
import { sizeRule } from "../sizes.ts";
import { write } from "../write.ts";
import { json, showError, text } from "./answer.ts";
import { type Path, parseTarget, type Target } from "./target.ts";
import { isBefore, isKnown, latest, versions } from "./version.ts";

/** The part of usermeta that the wire needs. */
type Meta = Pick<UserMeta<Documents>, "records">;

/** What {@link superTokensRoutes} takes. */
export interface SuperTokensRoutesOptions {
  /** The keys that SDKs may send as `api-key`, 16 characters and more each; `false` lets everybody in, like a core without keys. */
  readonly apiKeys: readonly (string | undefined)[] | false;
  /** Other apps, by the id in `/appid-<id>/…`, each with data of its own; a `Map` will do. The app `public` is `meta` itself. */
  readonly apps?: { get(appId: string): Meta | undefined };
  /** Makes an app and says whether it is new. With it `PUT /recipe/multitenancy/app/v2` is served, for the SDKs' own tests. */
  readonly createApp?: CreateApp;
}
type CreateApp = (appId: string) => boolean | Promise<boolean>;

/** Answers a request to one path; the app is looked for once the input is known to be good, as in the core. */
type Handler = (request: HttpRequest, target: Target, findApp: () => Meta) => Promise<HttpResponse>;

/** Bytes of a scope's stored text. The core itself knows no limit. */
const maxScopeBytes = 2 ** 20;
const maxBodyBytes = 2 * maxScopeBytes;
const maxUserIds = 500;
const actor = "key:supertokens";

/**
 * The user-metadata part of SuperTokens' core driver interface, versions 2.7 to 5.6, over the `private` scope: what
 * supertokens-node, -python and -golang ask for, in the core's own words. Sizes are the core's, up to 1 MiB a user.
 * It answers everything below `/recipe/` and `/appid-<id>/`. Throws `invalid_config`.
 *
 * ```ts
 * app.use(mount(superTokensRoutes(meta, { apiKeys: [process.env.SUPERTOKENS_API_KEY] })));
 * ```
 */
export function superTokensRoutes(meta: Meta, options: SuperTokensRoutesOptions): Routes {
  checkOptions("superTokensRoutes", options, ["apiKeys", "apps", "createApp"]);
  const { apiKeys, apps, createApp } = options;
  if (apps !== undefined && typeof apps?.get !== "function") throw invalidConfig("apps must have get(appId), as a Map");
  if (createApp !== undefined && typeof createApp !== "function") throw invalidConfig("createApp must be a function");
  if (apiKeys !== false && !Array.isArray(apiKeys)) throw invalidConfig("apiKeys must be a list, or false for no keys");
  const isKey = keyCheck(apiKeys && Object.fromEntries(apiKeys.map((key, i) => [`apiKeys[${i}]`, key])));
  const handlers: Handlers = { ...metadataHandlers, ...(createApp && appHandlers(createApp)) };

  /** The data of a request's app. A tenant has none of its own: metadata is an app's. */
  function appOf({ appId, tenantId }: Target, version: string): Meta {
    if (tenantId !== "public" && !isBefore(version, "5.0"))
      throw new UserMetaError("admin_forbidden", "Only public tenantId can call this app specific API");
    const app = appId === "public" ? meta : apps?.get(appId);
    if (app !== undefined) return app;
    throw refusal(
      "AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination " +
        `not found: (, ${appId}, public)`,
    );
  }

  /** The checks in the core's order (WebserverAPI.java): key, version, tenant, method, input, app. */
  async function respond(request: HttpRequest, target: Target): Promise<HttpResponse> {
    const methods = target.path === undefined ? undefined : handlers[target.path];
    const isOpen = methods === undefined || methods === hello;
    if (!isOpen && !isKey(keyOf(request))) throw new UserMetaError("admin_key_invalid", "Invalid API key");
    const version = readVersion(request);
    if (methods === undefined || (target.tenantId !== "public" && (isBefore(version, "3.0") || methods === hello)))
      throw new UserMetaError("not_found", "Not found");
    if (target.path !== "/apiversion" && !isKnown(version)) throw refusal(`cdi-version ${version} not supported`);
    const handle = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
    if (handle === undefined) throw new UserMetaError("method_not_allowed", "Method not supported");
    return handle(request, target, () => appOf(target, version));
  }

  return {
    table: Object.entries(handlers).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method, path })),
    ),
    handle: (request) => {
      const target = parseTarget(request.url);
      return (
        target &&
        respond(request, target).catch(async (error: unknown) => {
          const answer = showError(error);
          await discard(request.body);
          return answer;
        })
      );
    },
  };
}

type Handlers = { readonly [P in Path]?: { readonly [method: string]: Handler } };

const greet: Handler = async (_request, _target, findApp) => {
  findApp();
  return text(200, "Hello");
};
const hello = { GET: greet, POST: greet, PUT: greet, DELETE: greet };

const metadataHandlers: Handlers = {
  "/recipe/user/metadata": {
    GET: async (_request, { query }, findApp) => {
      const userId = userIdOfQuery(query);
      const record = await findApp().records.read(userId);
      return json(`{"metadata":${record.private.json},"status":"OK"}`);
    },
    PUT: async (request, _target, findApp) => {
      const input = await readInput(request);
      const userId = userIdOf(input);
      const update = input["metadataUpdate"];
      if (!isObject(update)) throw invalidField("metadataUpdate");
      const { records } = findApp();
      const edit = { ...mergeEdit("shallow", { private: update }, records.limits), checkSizes };
      const record = await write(records, userId, edit, actor);
      return json(`{"metadata":${record.private.json},"status":"OK"}`);
    },
  },
  "/recipe/user/metadata/remove": {
    POST: async (request, _target, findApp) => {
      const userId = userIdOf(await readInput(request));
      await write(findApp().records, userId, clearEdit(["private"]), actor);
      return json('{"status":"OK"}');
    },
  },
  "/recipe/user/metadata/bulk": {
    POST: async (request, _target, findApp) => {
      const { userIds } = await readInput(request);
      if (!Array.isArray(userIds)) throw invalidField("userIds");
      if (userIds.length > maxUserIds) throw refusal(`You can only query up to ${maxUserIds} users at a time.`);
      if (!userIds.every((userId) => typeof userId === "string"))
        throw refusal("userIds array must contain only strings");
      const { records } = findApp();
      const found = await Promise.all(userIds.map(async (userId) => records.read(userId)));
      const users = found.map(({ userId, private: { json: document, version } }) => {
        return `{"userId":${stringify(userId)},"metadata":${version === 0 ? "null" : document}}`;
      });
      return json(`{"status":"OK","users":[${users.join(",")}]}`);
    },
  },
  "/apiversion": {
    GET: async (_request, _target, findApp) => {
      findApp();
      return json(JSON.stringify({ versions }));
    },
  },
  "/hello": hello,
  "/": hello,
};

/** What the tests of the SDKs ask of a core: an app for each of them. */
const appHandlers = (createApp: CreateApp): Handlers => ({
  "/recipe/multitenancy/app/v2": { PUT: (request) => makeApp(request, createApp) },
});

async function makeApp(request: HttpRequest, createApp: CreateApp): Promise<HttpResponse> {
  const { appId } = await readInput(request);
  if (typeof appId !== "string" || !/^[a-z0-9-]{1,64}$/.test(appId)) throw invalidField("appId");
  return json(JSON.stringify({ status: "OK", createdNew: appId !== "public" && (await createApp(appId)) }));
}

/** `api-key`, or else `Authorization` with or without its scheme. */
function keyOf(request: HttpRequest): string {
  const key = header(request, "api-key") ?? header(request, "authorization")?.replace(/^bearer /i, "");
  return key?.trim() ?? "";
}

/** The version that a request speaks, the latest where it does not say. */
function readVersion(request: HttpRequest): string {
  const version = header(request, "cdi-version") ?? latest;
  if (!/^\d{1,9}(?:\.\d{1,9}){0,9}$/.test(version)) throw refusal("cdi-version header is invalid");
  if (isBefore(latest, version)) throw refusal(`cdi-version ${version} not supported`);
  return version;
}

async function readInput(request: HttpRequest): Promise<JsonObject> {
  // Depth and values of the update are checked with the edit; a key of the input itself could only be ignored.
  const input = await readValue(request, maxBodyBytes);
  if (!isObject(input)) throw new UserMetaError("invalid_json", "the body must be a JSON object");
  return input;
}

function userIdOf(input: JsonObject): string {
  let userId = input["userId"];
  // Gson takes ["x"] for "x", and the core with it.
  while (Array.isArray(userId) && userId.length === 1) userId = userId[0];
  try {
    checkUserId(userId);
  } catch {
    throw invalidField("userId");
  }
  return userId;
}

function userIdOfQuery(query: string): string {
  const [, userId] = parseQuery(query).find(([name]) => name === "userId") ?? [];
  if (userId === undefined) throw refusal("Field name 'userId' is missing in GET request");
  checkUserId(userId);
  return userId;
}

const invalidField = (name: string): UserMetaError => refusal(`Field name '${name}' is invalid in JSON input`);

const refusal = (words: string): UserMetaError => new UserMetaError("invalid_request", words);

const checkSizes = sizeRule(
  maxScopeBytes,
  (document) => stringify(document).length,
  () => "The metadata of a user must not exceed 1 MiB",
);
