"use client";

import type { Changes, Metadata, MetadataClient, UserMetaClientError } from "@usermeta/client";
import { useMemo, useSyncExternalStore } from "react";
import { useProvided } from "./provider.ts";
import type { RegisteredDocuments } from "./registered.ts";

type Documents = RegisteredDocuments;

/** The signed-in user, as Clerk's hooks show theirs. */
export interface User {
  readonly id: string;
  /** For the user to read. */
  readonly publicMetadata: Metadata<Documents>["public"];
  /** For the user to read and write. */
  readonly unsafeMetadata: Metadata<Documents>["unsafe"];
  /** Asks the server. */
  readonly reload: () => Promise<User>;
  /**
   * Replaces `unsafeMetadata`; to keep the rest, pass `{ ...user.unsafeMetadata, ...changes }`. Rejects with
   * `version_conflict` when it is no longer what this user shows, so that nobody's change is undone.
   */
  readonly update: (data: { readonly unsafeMetadata: Changes<Documents>["replace"]["unsafe"] }) => Promise<User>;
  /** Merges into `unsafeMetadata`, at every level; `null` removes. */
  readonly updateMetadata: (data: {
    readonly unsafeMetadata: NonNullable<Changes<Documents>["deep"]["unsafe"]>;
  }) => Promise<User>;
}

/** What {@link useUser} gives: nothing yet, nobody, or the user. `error`: why the last read failed. */
export type UseUser = { readonly error: UserMetaClientError | undefined } & (
  | { readonly isLoaded: false; readonly isSignedIn: undefined; readonly user: undefined }
  | { readonly isLoaded: true; readonly isSignedIn: false; readonly user: null }
  | { readonly isLoaded: true; readonly isSignedIn: true; readonly user: User }
);

/**
 * The signed-in user with metadata.
 *
 * ```tsx
 * const { user } = useUser();
 * <button onClick={() => user?.update({ unsafeMetadata: { birthday } })}>Update birthday</button>
 * ```
 */
export function useUser(): UseUser {
  const { client, first } = useProvided();
  const metadata = useSyncExternalStore(client.subscribe, client.current, () => first);
  const error = useSyncExternalStore(client.subscribe, client.error, () => undefined);
  return useMemo(() => {
    if (metadata) return { error, isLoaded: true, isSignedIn: true, user: toUser(client, metadata) };
    if (error?.status === 401) return { error, isLoaded: true, isSignedIn: false, user: null };
    return { error, isLoaded: false, isSignedIn: undefined, user: undefined };
  }, [client, metadata, error]);
}

function toUser(client: MetadataClient<Documents>, metadata: Metadata<Documents>): User {
  const next = async (answer: Promise<Metadata<Documents>>): Promise<User> => toUser(client, await answer);
  return {
    id: metadata.userId,
    publicMetadata: metadata.public,
    unsafeMetadata: metadata.unsafe,
    reload: () => next(client.get()),
    update: ({ unsafeMetadata: unsafe }) => next(client.update({ unsafe }, { merge: "replace", from: metadata })),
    updateMetadata: ({ unsafeMetadata: unsafe }) => next(client.update({ unsafe }, { merge: "deep" })),
  };
}
