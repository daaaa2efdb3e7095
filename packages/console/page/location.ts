import { signal } from "@preact/signals";

/** What is shown; the address says it behind `#`, which browsers send nowhere. */
export type Place =
  | { readonly screen: "users"; readonly where: string | undefined; readonly cursor: string | undefined }
  | { readonly screen: "user"; readonly userId: string; readonly tab: "documents" | "log" };

/** Where the page is. */
export const place = signal<Place>(toPlace(location.hash));
addEventListener("hashchange", () => {
  place.value = toPlace(location.hash);
});

/** The address of a list of users. */
export function toUsers(where?: string, cursor?: string): string {
  const query = new URLSearchParams({ ...(where !== undefined && { where }), ...(cursor !== undefined && { cursor }) });
  return query.size === 0 ? "#/" : `#/?${query}`;
}

/** The address of a user. */
export function toUser(userId: string, tab: "documents" | "log" = "documents"): string {
  return `#/users/${encodeURIComponent(userId)}${tab === "log" ? "/log" : ""}`;
}

function toPlace(hash: string): Place {
  const [, segment, log] = /^#\/users\/([^/]+)(\/log)?$/.exec(hash) ?? [];
  if (segment !== undefined)
    return { screen: "user", userId: decode(segment), tab: log === undefined ? "documents" : "log" };
  const query = new URLSearchParams(hash.split("?")[1]);
  return { screen: "users", where: query.get("where") ?? undefined, cursor: query.get("cursor") ?? undefined };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // somebody typed it
  }
}
