"use client";

import type { Metadata } from "@usermeta/client";
import { useSyncExternalStore } from "react";
import { type MetadataPath, type MetadataValue, valueAt } from "./path.ts";
import { useProvided } from "./provider.ts";
import type { RegisteredDocuments } from "./registered.ts";

/** With it the component suspends until there is something to show, and throws why there never was, `UserMetaClientError`. */
interface Suspending {
  readonly suspense: true;
}

/**
 * The user's metadata, or what is at one place of it; renders again only when that has changed. `undefined` until it is
 * loaded, unless with `suspense` or an `initial` of the provider.
 *
 * ```tsx
 * const theme = useUserMetadata("unsafe.theme");
 * const { public: shown } = useUserMetadata({ suspense: true });
 * ```
 */
export function useUserMetadata(options: Suspending): Metadata<RegisteredDocuments>;
export function useUserMetadata(): Metadata<RegisteredDocuments> | undefined;
export function useUserMetadata<P extends MetadataPath>(path: P, options: Suspending): MetadataValue<P>;
export function useUserMetadata<P extends MetadataPath>(path: P): MetadataValue<P> | undefined;
export function useUserMetadata(
  path?: string | Suspending,
  options = typeof path === "object" ? path : undefined,
): unknown {
  const { client, first } = useProvided();
  const at = (metadata: unknown): unknown => (typeof path === "string" ? valueAt(metadata, path) : metadata);
  const value = useSyncExternalStore(
    client.subscribe,
    () => at(client.current()),
    () => at(first),
  );
  if (options?.suspense && !client.current()) suspend();
  return value;

  /** React 18 has no `use`, so the promise is thrown, as React 19 understands, too. */
  function suspend(): never {
    if (typeof window === "undefined")
      throw new Error("to suspend on the server, give <UserMetaProvider> its initial metadata");
    throw client.error() ?? client.get();
  }
}
