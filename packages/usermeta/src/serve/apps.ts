import { invalidConfig, type UserMeta } from "@usermeta/core";

/** Applications that SuperTokens' own test suites create, each with data of its own. For development only. */
export interface Apps {
  readonly get: (appId: string) => UserMeta | undefined;
  /** Makes an application and says whether it is new. */
  readonly create: (appId: string) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/** An application is a namespace of the store, opened when it is created. `open` is given the namespace. */
export function createApps(open: (namespace: string) => Promise<UserMeta>): Apps {
  const opening = new Map<string, Promise<UserMeta>>();
  const apps = new Map<string, UserMeta>();
  return {
    get: (appId) => apps.get(appId),
    async create(appId) {
      const isNew = !opening.has(appId);
      if (isNew) opening.set(appId, open(`app-${appId}`));
      try {
        apps.set(appId, await (opening.get(appId) as Promise<UserMeta>));
      } catch (error) {
        opening.delete(appId); // the next one tries anew
        throw error;
      }
      return isNew;
    },
    async close() {
      await Promise.all([...apps.values()].map(async (meta) => meta.close()));
    },
  };
}

/** Throws `invalid_config` unless the store can be opened once more, under another namespace. */
export function checkDevApps(isStoreUrl: boolean, compat: readonly string[]): void {
  if (!compat.includes("supertokens")) throw invalidConfig("--dev-apps needs --compat supertokens");
  if (!isStoreUrl) throw invalidConfig("--dev-apps needs a store that is given by its URL");
}
