import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly publishConfig?: { readonly exports?: Manifest["exports"] };
}

const folder = fileURLToPath(new URL("../packages/", import.meta.url));
const packages = readdirSync(folder).filter((name) => existsSync(join(folder, name, "package.json")));
const read = (...path: readonly string[]): string => readFileSync(join(folder, ...path), "utf8");
const manifestOf = (name: string): Manifest => JSON.parse(read(name, "package.json")) as Manifest;
const entriesOf = (name: string): [subpath: string, conditions: Readonly<Record<string, string>>][] =>
  Object.entries(manifestOf(name).exports).flatMap(([subpath, to]) => (typeof to === "string" ? [] : [[subpath, to]]));
const lines = (text: string): number => text.trimEnd().split("\n").length;

/** Packages that tie core to a framework; see architecture §8. */
const bindings = "express fastify koa hapi nestjs nextjs lambda loopback hono fetch"
  .split(" ")
  .filter((name) => packages.includes(name));

/** What an index exports: values by their names, types with `type` before them. */
function exportsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  expect(code, "export * hides what is public").not.toMatch(/export\s+\*/);
  const lists = [...code.matchAll(/export\s+(type\s+)?\{([^}]*)\}/g)].flatMap(([, type = "", names = ""]) =>
    names.split(",").map((name) => `${type.trim()} ${name.trim().replace(/^.*\sas\s/, "")}`.trim()),
  );
  const declared = [
    ...code.matchAll(/export\s+(?:declare\s+|async\s+)*(function|const|class|interface|type)\s+(\w+)/g),
  ].map(([, kind, name]) => (kind === "interface" || kind === "type" ? `type ${name}` : `${name}`));
  return [...new Set([...lists, ...declared])].filter((name) => name !== "" && name !== "type").sort();
}

it("the public names of every published package are these", async () => {
  const names: Record<string, string[]> = {};
  for (const name of packages.filter((one) => !manifestOf(one).private))
    for (const [subpath, { "@usermeta/source": source = "" }] of entriesOf(name)) {
      const exported = exportsOf(read(name, source));
      const module = (await import(pathToFileURL(join(folder, name, source)).href)) as object;
      expect(Object.keys(module).sort(), `values of ${name}`).toEqual(
        exported.filter((one) => !one.startsWith("type ")),
      );
      if (exported.length > 0) names[join(manifestOf(name).name, subpath)] = exported;
    }
  expect(names).toMatchInlineSnapshot(`
    {
      "@usermeta/client": [
        "UserMetaClientError",
        "createClient",
        "type Changes",
        "type ClientErrorCode",
        "type ClientErrorParts",
        "type ClientOptions",
        "type DocumentsOf",
        "type Initial",
        "type Input",
        "type Metadata",
        "type MetadataClient",
        "type OwnDocuments",
        "type RequestOptions",
        "type TokenProvider",
        "type Update",
      ],
      "@usermeta/compat": [
        "clerkClient",
        "clerkRoutes",
        "hankoRoutes",
        "hankoTemplate",
        "superTokensRecipe",
        "superTokensRoutes",
        "type ClerkClient",
        "type ClerkMetadata",
        "type ClerkRoutesOptions",
        "type ClerkUser",
        "type ClerkUsers",
        "type HankoRoutesOptions",
        "type SuperTokensRecipe",
        "type SuperTokensRoutesOptions",
      ],
      "@usermeta/console": [
        "consoleRoutes",
      ],
      "@usermeta/core": [
        "UserMetaError",
        "adminKey",
        "adminRoutes",
        "checkOptions",
        "checkUserId",
        "compare",
        "createSession",
        "createUserMeta",
        "errorResponse",
        "errorTable",
        "hasClaim",
        "includes",
        "invalidConfig",
        "jwtVerifier",
        "memoryStore",
        "metadataRoutes",
        "requireIndexes",
        "satisfies",
        "scopes",
        "termPath",
        "toIndexes",
        "type AdminKey",
        "type AdminRoutesOptions",
        "type AnyDocuments",
        "type CacheOptions",
        "type Change",
        "type ChangeEvent",
        "type ChangeKind",
        "type ClaimPath",
        "type ClaimRequirement",
        "type Comparison",
        "type DeepChanges",
        "type Difference",
        "type Documents",
        "type DocumentsOf",
        "type Edit",
        "type ErrorCode",
        "type Guard",
        "type HistoryOptions",
        "type HistoryQuery",
        "type HttpRequest",
        "type HttpResponse",
        "type IssuedToken",
        "type Json",
        "type JsonObject",
        "type JwtVerifierOptions",
        "type KeyedWrite",
        "type Limits",
        "type ListQuery",
        "type Merge",
        "type MetadataRequirement",
        "type MetadataStore",
        "type Page",
        "type PageQuery",
        "type PatchOperation",
        "type Place",
        "type Put",
        "type PutResult",
        "type Records",
        "type RequestHeaders",
        "type Retention",
        "type Revoked",
        "type Routes",
        "type Scalar",
        "type Schemas",
        "type Scope",
        "type Session",
        "type SessionIssuer",
        "type SessionMetadata",
        "type SessionRequest",
        "type SessionVerifier",
        "type ShallowChanges",
        "type StoredChange",
        "type StoredRecord",
        "type StoredScope",
        "type Term",
        "type TokenCacheOptions",
        "type TokenGrant",
        "type TokenUser",
        "type TrustedMetadata",
        "type UntrustedMetadata",
        "type UserExport",
        "type UserMeta",
        "type UserMetaOptions",
        "type UserRecord",
        "type Verdict",
        "type VerifiedToken",
        "type VerifySessionOptions",
        "type Where",
        "type Whose",
        "type WriteOptions",
        "type Written",
      ],
      "@usermeta/core/issuers": [
        "auth0",
        "clerk",
        "cognito",
        "cookies",
        "firebase",
        "hanko",
        "keycloak",
        "logto",
        "oidc",
        "secret",
        "supabase",
        "superTokens",
        "type Auth0Input",
        "type ClerkInput",
        "type CognitoInput",
        "type FirebaseInput",
        "type HankoInput",
        "type KeycloakInput",
        "type LogtoInput",
        "type OidcInput",
        "type SecretInput",
        "type SupabaseInput",
        "type SuperTokensInput",
        "type WorkosInput",
        "workos",
      ],
      "@usermeta/core/json": [
        "UserMetaError",
        "checkSize",
        "checkUserId",
        "countCharacters",
        "differences",
        "errorTable",
        "isEqual",
        "isObject",
        "parseJson",
        "parsePointer",
        "pointerTo",
        "scopes",
        "toJson",
        "toObject",
        "type Difference",
        "type ErrorCode",
        "type Json",
        "type JsonObject",
        "type ResolvedLimits",
        "type Scope",
        "valueAt",
      ],
      "@usermeta/core/routes": [
        "checkMediaType",
        "clearEdit",
        "countCodePoints",
        "createRoutes",
        "discard",
        "emptyResponse",
        "header",
        "isObject",
        "jsonResponse",
        "keyring",
        "mergeEdit",
        "parseJson",
        "readValue",
        "stringify",
        "toJson",
        "toObject",
        "type Cors",
        "type Route",
        "type Target",
      ],
      "@usermeta/dynamodb": [
        "dynamodbStore",
        "type DynamodbOptions",
        "type DynamodbStore",
      ],
      "@usermeta/exchange/node": [
        "send",
        "toRequest",
        "type ParsedBody",
      ],
      "@usermeta/exchange/session": [
        "attach",
        "attachSession",
        "isAttached",
        "proceed",
      ],
      "@usermeta/exchange/web": [
        "WebRequest",
        "toResponse",
      ],
      "@usermeta/express": [
        "getSession",
        "mount",
        "type SessionGuard",
        "type SessionHandler",
        "type SessionRequest",
        "verifySession",
      ],
      "@usermeta/fastify": [
        "getSession",
        "mount",
        "type SessionHook",
        "verifySession",
      ],
      "@usermeta/fetch": [
        "getSession",
        "mount",
        "type FetchHandler",
        "type SessionHandler",
        "verifySession",
      ],
      "@usermeta/hapi": [
        "getSession",
        "mount",
        "type SessionRequest",
        "verifySession",
      ],
      "@usermeta/hono": [
        "getSession",
        "mount",
        "type SessionEnv",
        "verifySession",
      ],
      "@usermeta/issuer": [
        "fixedKeys",
        "memoryKeys",
        "sessionIssuer",
        "type ClaimFunction",
        "type ClaimTemplate",
        "type Claims",
        "type KeyRing",
        "type ReservedClaim",
        "type RotationOptions",
        "type SessionIssuerOptions",
        "type SigningAlgorithm",
        "type SigningKey",
        "type SigningKeys",
      ],
      "@usermeta/issuer/file": [
        "fileKeys",
        "type FileKeysOptions",
      ],
      "@usermeta/koa": [
        "getSession",
        "mount",
        "type SessionContext",
        "verifySession",
      ],
      "@usermeta/lambda": [
        "getSession",
        "mount",
        "type HttpEvent",
        "type HttpResult",
        "type SessionEvent",
        "type SessionHandler",
        "verifySession",
      ],
      "@usermeta/loopback": [
        "getSession",
        "mount",
        "type SessionContext",
        "verifySession",
      ],
      "@usermeta/mysql": [
        "mysqlStore",
        "type MysqlConnection",
        "type MysqlOptions",
        "type MysqlPool",
        "type MysqlStore",
      ],
      "@usermeta/nestjs": [
        "RequireClaims",
        "RequireMetadata",
        "Session",
        "SessionDenied",
        "USER_META",
        "UserMetaModule",
        "VerifySession",
        "getSession",
        "type UserMetaModuleAsyncOptions",
        "type UserMetaModuleOptions",
      ],
      "@usermeta/nextjs": [
        "getSession",
        "mount",
        "type MountedRoutes",
        "type RouteHandler",
        "type SessionHandler",
        "verifySession",
      ],
      "@usermeta/nextjs/pages": [
        "getSession",
        "mount",
        "type SessionHandler",
        "verifySession",
      ],
      "@usermeta/postgres": [
        "postgresStore",
        "type PostgresClient",
        "type PostgresOptions",
        "type PostgresPool",
        "type PostgresStore",
      ],
      "@usermeta/react": [
        "UserMetaProvider",
        "type MetadataPath",
        "type MetadataValue",
        "type Register",
        "type RegisteredDocuments",
        "type UseUser",
        "type User",
        "type UserMetaProviderProps",
        "useUser",
        "useUserMetaClient",
        "useUserMetadata",
      ],
      "@usermeta/redis": [
        "redisStore",
        "type CommandOptions",
        "type RedisClient",
        "type RedisCluster",
        "type RedisOptions",
        "type RedisRisk",
        "type RedisStore",
        "type RedisSubscriber",
      ],
      "@usermeta/sqlite": [
        "sqliteStore",
        "type SqliteDatabase",
        "type SqliteDriver",
        "type SqliteOptions",
        "type SqliteStatement",
      ],
      "@usermeta/testkit": [
        "mintToken",
        "testBinding",
        "testStore",
        "testVerifier",
        "type Mount",
        "type Mounting",
        "type Quirks",
        "type TestStoreOptions",
        "type TestVerifier",
      ],
      "usermeta": [
        "defineConfig",
        "openApiRoutes",
        "openStore",
        "type OpenApiOptions",
        "type OpenStoreOptions",
        "type UserMetaConfig",
      ],
    }
  `);
});

describe.each(packages)("packages/%s", (name) => {
  it("has a README, a license, and its source before what is built", () => {
    expect(["README.md", "LICENSE"].filter((file) => !existsSync(join(folder, name, file)))).toEqual([]);
    const { license, publishConfig } = manifestOf(name);
    expect(license).toBe("MIT");
    for (const [subpath, conditions] of entriesOf(name)) {
      expect(Object.keys(conditions)[0], subpath).toBe("@usermeta/source");
      expect(existsSync(join(folder, name, conditions["@usermeta/source"] ?? "")), subpath).toBe(true);
    }
    expect(JSON.stringify(publishConfig?.exports ?? {}), "what is published").not.toContain("@usermeta/source");
  });
});

describe.each(bindings)("the binding %s", (name) => {
  it("imports nothing but types from core", () => {
    for (const file of globSync("src/**/*.ts", { cwd: join(folder, name) })) {
      const imports =
        read(name, file).match(
          /(?:import|export)\s(?:[^;"]*\sfrom\s)?"@usermeta\/core[^"]*"|import\("@usermeta\/core[^"]*"\)/g,
        ) ?? [];
      expect(
        imports.filter((one) => !/^(?:import|export)\s+type\s/.test(one)),
        file,
      ).toEqual([]);
    }
  });

  it("is one short index", () => {
    expect(lines(read(name, "src/index.ts"))).toBeLessThanOrEqual(60);
  });
});

it("no file of core has more than 250 lines", () => {
  const long = globSync("src/**/*.ts", { cwd: join(folder, "core") }).filter((file) => lines(read("core", file)) > 250);
  expect(long).toEqual([]);
});
