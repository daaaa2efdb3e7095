import type { Verdict } from "@usermeta/core";

/**
 * Sessions that a guard has put somewhere. Those and not the requests, because a session serves many: an entry of its own
 * for each request is dear.
 */
const attached = new WeakSet<object>();

/** Whether a session found in some place is a guard's: the next guard sets it anew, while another library's stays. */
export function isAttached(session: unknown): boolean {
  return typeof session === "object" && session !== null && attached.has(session);
}

/** A session that is about to be put somewhere. */
export function attach<S extends object>(session: S): S {
  attached.add(session);
  return session;
}

/**
 * Puts a session where handlers of the framework look for it, as `session` of the request or context, unless another
 * library, e.g. express-session, keeps its own there.
 */
export function attachSession(holder: object, session: object | undefined): void {
  if (session === undefined) return;
  // Not read: another library's getter would begin a session.
  if ("session" in holder && !isAttached(Object.getOwnPropertyDescriptor(holder, "session")?.value)) return;
  (holder as { session?: object }).session = attach(session);
}

/** Goes on with a guard's verdict: at once where it is there already, so that a known session costs no promise. */
export function proceed<T>(verdict: Verdict | Promise<Verdict>, go: (verdict: Verdict) => Promise<T>): Promise<T>;
export function proceed<T>(verdict: Verdict | Promise<Verdict>, go: (verdict: Verdict) => T): T | Promise<T>;
export function proceed<T>(verdict: Verdict | Promise<Verdict>, go: (verdict: Verdict) => T): T | Promise<T> {
  // Not `instanceof`: an application may have another Promise, and what is no verdict must never pass.
  return "then" in verdict ? verdict.then(go) : go(verdict);
}
