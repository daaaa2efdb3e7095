import {
  type DeepChanges,
  type Documents,
  type JsonObject,
  type Merge,
  type Scope,
  type UserMeta,
  UserMetaError,
  type UserRecord,
} from "@usermeta/core";

/** A user as Clerk's client shows one, as far as usermeta knows. Times are milliseconds since 1970, 0 for a user nobody wrote about. */
export interface ClerkUser<D extends Documents> {
  readonly id: string;
  readonly publicMetadata: Partial<D["public"]>;
  readonly privateMetadata: Partial<D["private"]>;
  readonly unsafeMetadata: Partial<D["unsafe"]>;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The three kinds of metadata, each of them optional. */
export interface ClerkMetadata<P, R, U> {
  readonly publicMetadata?: P;
  readonly privateMetadata?: R;
  readonly unsafeMetadata?: U;
}
type Patch<D extends Documents> = ClerkMetadata<
  NonNullable<DeepChanges<D>["public"]>,
  NonNullable<DeepChanges<D>["private"]>,
  NonNullable<DeepChanges<D>["unsafe"]>
>;
type Replacement<D extends Documents> = ClerkMetadata<D["public"], D["private"], D["unsafe"]>;

/** The part of Clerk's client that is about metadata. */
export interface ClerkUsers<D extends Documents> {
  readonly users: {
    /** A user nobody wrote about has empty metadata. */
    getUser(userId: string): Promise<ClerkUser<D>>;
    /** Deep merge; `null` removes a key at any level. Throws what `meta.update` throws. */
    updateUserMetadata(userId: string, params: Patch<D>): Promise<ClerkUser<D>>;
    /** Each kind that is given becomes what it says; the others stay. */
    replaceUserMetadata(userId: string, params: Replacement<D>): Promise<ClerkUser<D>>;
    /** The same as `replaceUserMetadata`, as in Clerk. Throws `unknown_member` for anything else about a user. */
    updateUser(userId: string, params: Replacement<D>): Promise<ClerkUser<D>>;
  };
}

/** `await client()` as in `@clerk/nextjs`, `client.users` as in `@clerk/express`. */
export type ClerkClient<D extends Documents> = (() => Promise<ClerkUsers<D>>) & ClerkUsers<D>;

/**
 * Clerk's client in code, so that handlers keep their text and change their imports. Limits are the application's.
 *
 * ```ts
 * export const clerk = clerkClient(meta); // was: import { clerkClient } from "@clerk/nextjs/server"
 * const client = await clerk();
 * const { privateMetadata } = await client.users.getUser(userId);
 * ```
 */
export function clerkClient<D extends Documents>(meta: Pick<UserMeta<D>, "get" | "update">): ClerkClient<D> {
  const update = meta.update as (id: string, changes: object, options: { merge: Merge }) => Promise<UserRecord<D>>;
  const write = async (userId: string, params: object, merge: Merge): Promise<ClerkUser<D>> =>
    toClerkUser(await update(userId, toScopes(params), { merge }));
  const users: ClerkUsers<D>["users"] = {
    getUser: async (userId) => toClerkUser(await meta.get(userId)),
    updateUserMetadata: (userId, params) => write(userId, params, "deep"),
    replaceUserMetadata: (userId, params) => write(userId, params, "replace"),
    updateUser: (userId, params) => write(userId, params, "replace"),
  };
  return Object.assign(async () => ({ users }), { users });
}

const kinds: Readonly<Record<string, Scope>> = {
  publicMetadata: "public",
  privateMetadata: "private",
  unsafeMetadata: "unsafe",
};

function toScopes(params: object): { readonly [S in Scope]?: JsonObject } {
  const entries = Object.entries(params).map(([name, value]: [string, JsonObject]) => {
    const scope = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (scope === undefined)
      throw new UserMetaError("unknown_member", `only ${Object.keys(kinds).join(", ")} can be written here`);
    return [scope, value] as const;
  });
  return Object.fromEntries(entries);
}

function toClerkUser<D extends Documents>(record: UserRecord<D>): ClerkUser<D> {
  const { userId, createdAt, updatedAt } = record;
  return {
    id: userId,
    publicMetadata: record.public,
    privateMetadata: record.private,
    unsafeMetadata: record.unsafe,
    createdAt: createdAt === null ? 0 : Date.parse(createdAt),
    updatedAt: updatedAt === null ? 0 : Date.parse(updatedAt),
  };
}
