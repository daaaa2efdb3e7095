import type { Documents, ShallowChanges, UserMeta } from "@usermeta/core";

/** What the default export of `supertokens-node/recipe/usermetadata` does, over private metadata; see {@link superTokensRecipe}. */
export interface SuperTokensRecipe<D extends Documents> {
  /** `{}` for a user nobody wrote about. */
  getUserMetadata(userId: string, userContext?: object): Promise<MetadataResult<D>>;
  /** Replaces root keys whole; a root `null` removes. Throws what `meta.update` throws. */
  updateUserMetadata(
    userId: string,
    metadataUpdate: NonNullable<ShallowChanges<D>["private"]>,
    userContext?: object,
  ): Promise<MetadataResult<D>>;
  clearUserMetadata(userId: string, userContext?: object): Promise<{ readonly status: "OK" }>;
}

interface MetadataResult<D extends Documents> {
  readonly status: "OK";
  readonly metadata: Partial<D["private"]>;
}

/**
 * SuperTokens' recipe in code, so that handlers keep their text and change their imports.
 *
 * ```ts
 * export default superTokensRecipe(meta); // was: import UserMetadata from "supertokens-node/recipe/usermetadata"
 * ```
 */
export function superTokensRecipe<D extends Documents>(
  meta: Pick<UserMeta<D>, "get" | "update" | "clear">,
): SuperTokensRecipe<D> {
  return {
    getUserMetadata: async (userId) => ({ status: "OK", metadata: (await meta.get(userId)).private }),
    updateUserMetadata: async (userId, metadataUpdate) => {
      const record = await meta.update(userId, { private: metadataUpdate } as ShallowChanges<D>);
      return { status: "OK", metadata: record.private };
    },
    clearUserMetadata: async (userId) => {
      await meta.clear(userId, "private");
      return { status: "OK" };
    },
  };
}
