import type { Session, UserMeta, VerifySessionOptions } from "@usermeta/core";
import { headers } from "next/headers.js";
import "./authorization.ts";

type Verify = Pick<UserMeta, "verifySession">;

/**
 * The session of a server component or a server action, verified there. Throws what the guard answers elsewhere, e.g.
 * `session_required`; with `sessionRequired: false` it is `undefined` for a request without credentials.
 *
 * ```ts
 * const { userId } = await getSession(meta);
 * ```
 */
export function getSession(
  meta: Verify,
  options?: VerifySessionOptions & { readonly sessionRequired?: true },
): Promise<Session>;
export function getSession(meta: Verify, options: VerifySessionOptions): Promise<Session | undefined>;
export async function getSession(meta: Verify, options?: VerifySessionOptions): Promise<Session | undefined> {
  const sent = await headers();
  return meta.verifySession({ method: isWrite(sent) ? "POST" : "GET", headers: sent }, options);
}

/** Next does not tell the method; but only a write has a body or an action, and browsers name its `Origin`. */
function isWrite(sent: { has(name: string): boolean }): boolean {
  return ["origin", "content-type", "next-action"].some((name) => sent.has(name));
}
