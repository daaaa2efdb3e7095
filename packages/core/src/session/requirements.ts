import { invalidConfig, UserMetaError } from "../errors.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { isEqual, isObject, type Json, type JsonObject } from "../metadata/json.ts";
import type { AnyDocuments, Documents } from "../metadata/record.ts";
import { challenge } from "./refusal.ts";
import type { Session } from "./session.ts";

/**
 * A condition on a session's claims; a promise of it, too. `true` lets the request through, `false` is answered by
 * `requirement_failed`, and what it throws goes to the framework as it is.
 *
 * ```ts
 * verifySession(meta, { claims: [hasClaim("email_verified", true), (claims) => isCustomer(claims["org"])] })
 * ```
 */
export type ClaimRequirement = (claims: JsonObject, session: Session) => MaybePromise<boolean>;

/** The scopes that users cannot write, which a decision may rest on. */
export type TrustedMetadata<D extends Documents = AnyDocuments> = {
  readonly [S in "public" | "private"]: Partial<D[S]>;
};

/** All three scopes: `unsafe` is whatever the user wrote. */
export type UntrustedMetadata<D extends Documents = AnyDocuments> = TrustedMetadata<D> & {
  readonly unsafe: Partial<D["unsafe"]>;
};

/**
 * A condition on a user's live metadata. It sees `public` and `private`, and `unsafe` only for whoever writes down that
 * users can put anything there.
 *
 * ```ts
 * verifySession(meta, { requireMetadata: ({ public: { plan } }) => plan === "pro" })
 * verifySession(meta, { requireMetadata: { allowUntrusted: true, check: ({ unsafe }) => unsafe["beta"] === true } })
 * ```
 */
export type MetadataRequirement<D extends Documents = AnyDocuments> =
  | ((metadata: TrustedMetadata<D>) => MaybePromise<boolean>)
  | {
      readonly allowUntrusted: true;
      readonly check: (metadata: UntrustedMetadata<D>) => MaybePromise<boolean>;
    };

/** A claim by its name, or by the names that lead to it, e.g. `["realm_access", "roles"]`. */
export type ClaimPath = string | readonly string[];

/** Requires a claim to be there and, when a value is given, to equal it. */
export function hasClaim(path: ClaimPath, value?: Json): ClaimRequirement {
  const names = readPath(path);
  return (claims) => {
    const claim = claimAt(claims, names);
    if (claim === undefined || claim === null) throw failed(names, "is missing");
    if (value !== undefined && !isEqual(claim, value))
      throw failed(names, "has not the value that this route requires");
    return true;
  };
}

/** Requires a claim to be a list that holds every one of the values, e.g. `includes("permissions", "invoices:write")`. */
export function includes(path: ClaimPath, ...values: readonly [Json, ...Json[]]): ClaimRequirement {
  const names = readPath(path);
  if (values.length === 0) throw invalidConfig("includes(claim, value) needs a value");
  return (claims) => {
    const claim = claimAt(claims, names);
    const holds = (value: Json): boolean => Array.isArray(claim) && claim.some((item) => isEqual(item, value));
    if (!values.every(holds)) throw failed(names, "does not include what this route requires");
    return true;
  };
}

function readPath(path: ClaimPath): readonly string[] {
  const names = typeof path === "string" ? [path] : path;
  if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === "string" && name !== ""))
    throw invalidConfig("a claim is given by its name, or by a list of the names that lead to it");
  return names;
}

function claimAt(claims: JsonObject, names: readonly string[]): Json | undefined {
  let value: Json | undefined = claims;
  for (const name of names) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

const failed = (names: readonly string[], how: string): UserMetaError =>
  new UserMetaError("requirement_failed", `the claim \`${names.join(".")}\` ${how}`);

/** The `scope` claim is one string, its scopes parted by single spaces; any other form grants nothing (RFC 9068). */
export function checkScopes({ claims: { scope: claim } }: Session, scopes: readonly string[]): void {
  const granted = typeof claim === "string" ? claim.split(" ") : [];
  if (scopes.every((scope) => granted.includes(scope))) return;
  throw new UserMetaError("insufficient_scope", "the session lacks a scope that this route requires", {
    headers: challenge("insufficient_scope", scopes.join(" ")),
  });
}

/** Asks every condition on the claims, one after another. */
export async function checkClaims(session: Session, requirements: readonly ClaimRequirement[]): Promise<void> {
  for (const requirement of requirements) demand(await requirement(session.claims, session));
}

/** Asks the condition on the metadata. */
export async function checkMetadata(documents: AnyDocuments, requirement: MetadataRequirement): Promise<void> {
  const { public: seen, private: own } = documents;
  if (typeof requirement === "function") demand(await requirement({ public: seen, private: own }));
  else demand(await requirement.check(documents));
}

/** Nothing but `true` passes: a predicate that forgets to return denies. */
function demand(answer: boolean): void {
  if (answer !== true)
    throw new UserMetaError("requirement_failed", "the session does not satisfy what this route requires");
}

/** Throws `invalid_config` for requirements that could never be asked. */
export function checkRequirements(claims: unknown, metadata: unknown): void {
  if (claims !== undefined && !(Array.isArray(claims) && claims.every((one) => typeof one === "function")))
    throw invalidConfig('claims must be a list of functions, e.g. [hasClaim("email_verified", true)]');
  if (metadata === undefined || typeof metadata === "function") return;
  const { allowUntrusted, check } = (metadata ?? {}) as { allowUntrusted?: unknown; check?: unknown };
  if (allowUntrusted !== true || typeof check !== "function")
    throw invalidConfig("requireMetadata must be a function, or { allowUntrusted: true, check }");
}
