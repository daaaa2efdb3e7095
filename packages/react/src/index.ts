"use client";

export type { MetadataPath, MetadataValue } from "./path.ts";
export { UserMetaProvider, type UserMetaProviderProps, useUserMetaClient } from "./provider.ts";
export type { RegisteredDocuments } from "./registered.ts";
export { type User, type UseUser, useUser } from "./user.ts";
export { useUserMetadata } from "./user-metadata.ts";

/**
 * Tells every hook the types of your metadata, once:
 *
 * ```ts
 * declare module "@usermeta/react" {
 *   interface Register { meta: typeof import("./usermeta.ts").meta }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications add `meta` to it
export interface Register {}
