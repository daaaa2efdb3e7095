"use client";

import { type ClientOptions, createClient, type Metadata, type MetadataClient } from "@usermeta/client";
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useState,
} from "react";
import type { RegisteredDocuments } from "./registered.ts";

/** What to make a client with: the options of `createClient`, or a client of your own. */
export interface UserMetaProviderProps extends ClientOptions<RegisteredDocuments> {
  readonly children?: ReactNode;
  /** Instead of the other options. Not where pages are rendered on the server: all its users would share it. */
  readonly client?: MetadataClient<RegisteredDocuments> | undefined;
}

/** What hooks find. */
export interface Provided {
  readonly client: MetadataClient<RegisteredDocuments>;
  /** What the server's render showed, so that the browser's first one agrees with it. */
  readonly first: Metadata<RegisteredDocuments> | undefined;
}

const Context = createContext<Provided | undefined>(undefined);

/**
 * Gives hooks their client, made once; `initial` is for the first render, and when a later one is newer, it is read again.
 *
 * ```tsx
 * const { userId, metadata } = session; // on the server, behind a guard with `metadata: true`
 * <UserMetaProvider url="/usermeta" initial={metadata && { userId, ...metadata }}>
 * ```
 */
export function UserMetaProvider({ children, client, ...options }: UserMetaProviderProps): ReactElement {
  const [provided, setProvided] = useState(() => provide(client, options));
  const { userId, version } = options.initial ?? {};
  const isAnother = client ? client !== provided.client : userId !== undefined && userId !== provided.first?.userId;
  if (isAnother) setProvided(provide(client, options));
  useEffect(() => {
    const known = provided.client.current()?.version;
    if (version !== undefined && known !== undefined && version > known) provided.client.get().catch(() => undefined);
  }, [provided, version]);
  return createElement(Context.Provider, { value: provided }, children);
}

function provide(client: UserMetaProviderProps["client"], options: ClientOptions<RegisteredDocuments>): Provided {
  if (client) return { client, first: undefined };
  const own = createClient<RegisteredDocuments>(options);
  return { client: own, first: own.current() };
}

/** What the nearest provider gives. */
export function useProvided(): Provided {
  const provided = useContext(Context);
  if (provided === undefined) throw new Error("put <UserMetaProvider> around what uses usermeta's hooks");
  return provided;
}

/** The client behind the hooks: `update`, `clear`, `signUp` and all the rest. */
export const useUserMetaClient = (): MetadataClient<RegisteredDocuments> => useProvided().client;
