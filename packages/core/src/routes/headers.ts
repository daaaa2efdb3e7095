import { UserMetaError } from "../errors.ts";
import { type HttpRequest, header } from "../http.ts";
import { checkWriteOptions, type WriteOptions } from "../metadata/write-options.ts";

/** The conditions and notes of a write, from its headers. Throws `invalid_request` for malformed ones. */
export function readWriteOptions(request: HttpRequest): WriteOptions {
  const ifMatch = readEtags(request, "if-match");
  const ifNoneMatch = readEtags(request, "if-none-match");
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*")
    throw new UserMetaError("invalid_request", "If-None-Match on a write can only be *");
  const options: WriteOptions = {
    ...present("ifMatch", strong(ifMatch)),
    ...present("idempotencyKey", header(request, "idempotency-key")),
    ...present("reason", header(request, "usermeta-reason")),
    ...present("requestId", header(request, "x-request-id")),
    ...(ifNoneMatch === "*" && { ifAbsent: true }),
  };
  // Header bytes beyond ASCII would be kept as what Latin-1 makes of them.
  for (const text of [options.reason, options.requestId])
    if (text !== undefined && !/^[\x20-\x7e]*$/.test(text))
      throw new UserMetaError("invalid_request", "Usermeta-Reason and X-Request-Id must be printable ASCII");
  checkWriteOptions(options);
  return options;
}

/** The conditions of a read: `If-None-Match` compares weakly, `If-Match` strongly (RFC 9110 section 13.1). */
export function readConditions(request: HttpRequest): {
  readonly ifMatch?: WriteOptions["ifMatch"];
  readonly ifNoneMatch: (etag: string) => boolean;
} {
  const ifNoneMatch = readEtags(request, "if-none-match");
  const known = ifNoneMatch === "*" ? undefined : ifNoneMatch?.map((tag) => tag.replace(/^W\//, ""));
  return {
    ...present("ifMatch", strong(readEtags(request, "if-match"))),
    ifNoneMatch: (etag) => ifNoneMatch === "*" || known?.includes(etag) === true,
  };
}

const tag = String.raw`(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"`;
/** Empty elements count for nothing (RFC 9110 section 5.6.1.2). */
const tagList = new RegExp(`^[ \t,]*${tag}(?:[ \t]*,[ \t,]*${tag})*[ \t,]*$`);

/** `"*"`, or the entity tags of a list header (RFC 9110 section 8.8.3). */
function readEtags(request: HttpRequest, name: string): "*" | readonly string[] | undefined {
  const value = header(request, name)?.trim();
  if (value === undefined || value === "*") return value;
  if (!tagList.test(value))
    throw new UserMetaError("invalid_request", `${name} must be * or a list of entity tags in quotes`);
  return value.match(new RegExp(tag, "g")) ?? [];
}

/** `If-Match` compares strongly: a weak tag matches nothing. */
const strong = (tags: "*" | readonly string[] | undefined): WriteOptions["ifMatch"] | undefined =>
  typeof tags === "object" ? tags.filter((each) => !each.startsWith("W/")) : tags;

/** A member that is there only when it has a value. */
function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}
