/** Requests and contexts whose `session` is ours: the next guard sets it anew, while another library's stays. */
const ours = new WeakSet<object>();

/**
 * Puts a session where handlers of the framework look for it, as `session` of the request or context, unless another
 * library, e.g. express-session, keeps its own there.
 */
export function attachSession(holder: object, session: object | undefined): void {
  if (session && (ours.has(holder) || !("session" in holder))) ours.add(Object.assign(holder, { session }));
}
