"use client";

import { type ClientOptions, createClient, type Metadata, type MetadataClient } from "@usermeta/client";
import { createContext, createElement, type ReactElement, type ReactNode, useContext, useMemo, useState } from "react";
import type { RegisteredDocuments } from "./registered.ts";

/** A client of your own, or what to make one with. */
export type UserMetaProviderProps = { readonly children?: ReactNode } & (
  | (ClientOptions<RegisteredDocuments> & { readonly client?: undefined })
  | { readonly client: MetadataClient<RegisteredDocuments> }
);

/** What hooks find. */
export interface Provided {
  readonly client: MetadataClient<RegisteredDocuments>;
  /** What the server's render showed, so that the browser's first one agrees with it. */
  readonly first: Metadata<RegisteredDocuments> | undefined;
}

const Context = createContext<Provided | undefined>(undefined);

/**
 * Gives hooks their client. Its options are those of `createClient`, and are read once. Where pages are rendered on the
 * server, pass options rather than a client, which users would share there.
 *
 * ```tsx
 * <UserMetaProvider url="/usermeta" initial={{ userId: session.userId, ...session.metadata }}>
 * ```
 */
export function UserMetaProvider({ children, client, ...options }: UserMetaProviderProps): ReactElement {
  const [own] = useState(() => client ?? createClient<RegisteredDocuments>(options));
  const [first] = useState(() => (client ? undefined : own.current()));
  const value = useMemo(() => ({ client: client ?? own, first }), [client, own, first]);
  return createElement(Context.Provider, { value }, children);
}

/** What the nearest provider gives. */
export function useProvided(): Provided {
  const provided = useContext(Context);
  if (provided === undefined) throw new Error("put <UserMetaProvider> around what uses usermeta's hooks");
  return provided;
}

/** The client behind the hooks: `update`, `clear`, `signUp` and all the rest. */
export const useUserMetaClient = (): MetadataClient<RegisteredDocuments> => useProvided().client;
