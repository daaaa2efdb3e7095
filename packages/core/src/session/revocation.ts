import { andThen, isPromise, type MaybePromise } from "../maybe-promise.ts";
import { invalidToken } from "./refusal.ts";
import type { Session } from "./session.ts";

/** Whether a session has ended before its time: signed out, banned. Anything but `false` ends it. */
export type Revoked = (session: Session) => MaybePromise<boolean>;

/**
 * Asks the application about a session, and for so many seconds not again: those are how long a revoked session lives on.
 * The returned function throws, or rejects with, `invalid_token`.
 */
export function revocation(revoked: Revoked, seconds: number): (session: Session) => MaybePromise<void> {
  const answers = new WeakMap<Session, { readonly answer: MaybePromise<boolean>; readonly until: number }>();

  function ask(session: Session): MaybePromise<boolean> {
    const known = answers.get(session);
    if (known !== undefined && performance.now() < known.until) return known.answer;
    const answer = revoked(session);
    answers.set(session, { answer, until: performance.now() + seconds * 1000 });
    // A hook that failed has not answered.
    if (isPromise(answer)) answer.then(undefined, () => answers.delete(session));
    return answer;
  }

  return (session) => {
    const answer = ask(session);
    return andThen(answer, check);
  };
}

function check(answer: boolean): void {
  if (answer !== false) throw invalidToken("the session was revoked");
}
