import { UserMetaError } from "@usermeta/core";

/** The parameters of a request's query in their order, decoded, however often one comes. Throws `invalid_query`. */
export function parseQuery(query: string): readonly (readonly [name: string, value: string])[] {
  try {
    return query
      .split("&")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const [name = "", value = ""] = pair
          .split(/=(.*)/s)
          .map((part) => decodeURIComponent(part.replaceAll("+", " ")));
        return [name, value];
      });
  } catch {
    throw new UserMetaError("invalid_query", "the query must be percent-encoded UTF-8");
  }
}
