import { invalidConfig, type JsonObject, type Scope, scopes, UserMetaError } from "@usermeta/core";
import { parseJson } from "@usermeta/core/routes";

/** Which member of a row is the user's id, and which go where. Members of members are named with a dot. */
export interface Format {
  /** The first of these that a row has. */
  readonly userId: readonly string[];
  readonly scopes: Readonly<Record<string, Scope>>;
  /** The only other members that a row may have; every vendor's rows hold much that is no metadata. */
  readonly others?: readonly string[];
  /** Names of a table's columns, where its export has no header. */
  readonly columns?: readonly string[];
}

/** Who wrote a file. */
export type FormatName = "usermeta" | "clerk" | "supertokens" | "hanko" | "auth0" | "supabase" | "firebase";

/** Every format there is. What users can edit goes to `unsafe`, what they or their tokens show to `public`, the rest to `private`. */
export const formats: Readonly<Record<FormatName, Format>> = {
  /** What `usermeta export` writes: NDJSON, or a table with the scopes as JSON text. */
  usermeta: {
    userId: ["userId"],
    scopes: { public: "public", private: "private", unsafe: "unsafe" },
    others: ["userId", "version", "etag", "createdAt", "updatedAt"],
  },
  /**
   * Users as the Backend API answers them: `GET /v1/users`, saved page by page or as one array.
   * https://clerk.com/docs/reference/backend-api/tag/Users#operation/GetUserList
   */
  clerk: {
    userId: ["id", "user_id"],
    scopes: { public_metadata: "public", private_metadata: "private", unsafe_metadata: "unsafe" },
  },
  /**
   * The file of the bulk import, `{ "users": [{ "externalUserId", "userMetadata" }] }`, and the core's table
   * `user_metadata` (`app_id, user_id, user_metadata`).
   * https://supertokens.com/docs/migration/account-creation/bulk-import, https://github.com/supertokens/supertokens-postgresql-plugin
   */
  supertokens: {
    userId: ["externalUserId", "user_id", "userId", "id"],
    scopes: { userMetadata: "private", user_metadata: "private", metadata: "private" },
  },
  /**
   * Users as the Admin API answers them (`GET /users/{id}`), and the table `user_metadata`.
   * https://docs.hanko.io/api-reference/admin/user-management/get-a-user-by-id
   */
  hanko: {
    userId: ["user_id", "id"],
    scopes: {
      "metadata.public_metadata": "public",
      "metadata.private_metadata": "private",
      "metadata.unsafe_metadata": "unsafe",
      public_metadata: "public",
      private_metadata: "private",
      unsafe_metadata: "unsafe",
    },
  },
  /**
   * The users' export job in its JSON form, which is NDJSON. Its CSV form cannot carry whole metadata objects.
   * https://auth0.com/docs/manage-users/user-migration/bulk-user-exports
   */
  auth0: { userId: ["user_id"], scopes: { app_metadata: "private", user_metadata: "unsafe" } },
  /**
   * The table `auth.users` as CSV or JSON, and users as the Admin API lists them. `raw_app_meta_data` is in every access
   * token, hence public; `raw_user_meta_data` is the users' own.
   * https://supabase.com/docs/guides/auth/managing-user-data, https://supabase.com/docs/reference/javascript/auth-admin-listusers
   */
  supabase: {
    userId: ["id"],
    scopes: {
      raw_app_meta_data: "public",
      app_metadata: "public",
      raw_user_meta_data: "unsafe",
      user_metadata: "unsafe",
    },
  },
  /**
   * `firebase auth:export`, JSON or CSV; custom claims are the text in `customAttributes`, and in every ID token.
   * https://firebase.google.com/docs/cli/auth#file_format, firebase-tools `src/accountExporter.ts`
   */
  firebase: {
    userId: ["localId", "uid"],
    scopes: { customAttributes: "public", customClaims: "public" },
    columns: ["localId", ...Array.from({ length: 26 }, (_, i) => `column ${i + 2}`), "customAttributes"],
  },
};

/** A format with some members sent elsewhere, e.g. `{ app_metadata: "public" }`. Throws `invalid_config`. */
export function remap(name: FormatName, moves: Readonly<Record<string, string>>): Format {
  const format = formats[name];
  for (const [member, scope] of Object.entries(moves)) {
    if (!Object.hasOwn(format.scopes, member))
      throw invalidConfig(`${name} has no member ${member}; it has ${Object.keys(format.scopes).join(", ")}`);
    if (!scopes.includes(scope as Scope)) throw invalidConfig(`a scope must be ${scopes.join(", ")}`);
  }
  return { ...format, scopes: { ...format.scopes, ...(moves as Record<string, Scope>) } };
}

/** What a row says about one user; a scope that it does not name is left alone. */
export interface ImportedUser {
  readonly userId: string;
  readonly documents: Partial<Record<Scope, JsonObject>>;
}

/** Reads a row. Throws `not_an_object`, `invalid_user_id`, `unknown_member`, and those of JSON text. */
export function toUser(format: Format, row: unknown): ImportedUser {
  if (!isObject(row)) throw new UserMetaError("not_an_object", "a row must be an object");
  const { others } = format;
  if (others !== undefined) {
    const stray = Object.keys(row).find((name) => !(Object.hasOwn(format.scopes, name) || others.includes(name)));
    if (stray !== undefined)
      throw new UserMetaError("unknown_member", `a row has ${[...others, ...Object.keys(format.scopes)].join(", ")}`);
  }
  const userId = format.userId.map((name) => member(row, name)).find((value) => value !== undefined && value !== "");
  if (typeof userId !== "string")
    throw new UserMetaError("invalid_user_id", `a row must name its user in ${format.userId.join(" or ")}`);
  const documents: Partial<Record<Scope, JsonObject>> = {};
  for (const [name, scope] of Object.entries(format.scopes)) {
    const document = toDocument(valueAt(row, name), name);
    if (document === undefined) continue;
    if (documents[scope] !== undefined)
      throw new UserMetaError("invalid_request", `a row must not fill ${scope} from two members`);
    documents[scope] = document;
  }
  return { userId, documents };
}

/** Tables and Firebase hold JSON text; vendors write null, or nothing, for no metadata. */
function toDocument(value: unknown, name: string): JsonObject | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const document = typeof value === "string" ? parseJson(value, true) : value;
  if (document === null) return undefined;
  if (!isObject(document))
    throw new UserMetaError("not_an_object", "metadata must be an object", { pointer: `/${name.replace(".", "/")}` });
  return document as JsonObject;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const member = (object: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined;

function valueAt(row: Readonly<Record<string, unknown>>, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (isObject(value) ? member(value, name) : undefined), row);
}
