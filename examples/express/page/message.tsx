import { errorTable } from "@usermeta/core/json";
import { type ReactNode, useCallback, useState } from "react";

/** What the page says about an action. */
export interface Said {
  readonly title: string;
  readonly detail?: string;
  readonly isBad?: boolean;
  readonly action?: ReactNode;
}

/** A place for what was last said, and how to act: what the work resolves with is said, and so is why it failed. */
export function useMessage() {
  const [said, say] = useState<Said>();
  /** @param expected what to say instead when the work fails with that status */
  const act = useCallback((work: () => Promise<Said | undefined>, expected?: Said & { readonly status: number }) => {
    work().then(say, (error: Problem) => say(expected && error.status === expected.status ? expected : explain(error)));
  }, []);
  return { said, act };
}

export function Message({ said }: { readonly said: Said | undefined }) {
  return (
    <div className={said?.isBad ? "message bad" : "message"} role="status" hidden={!said}>
      {said && (
        <>
          <strong>{said.title}</strong>
          {said.detail}
          {said.action && <div>{said.action}</div>}
        </>
      )}
    </div>
  );
}

/** What errors of the client and of the server have in common. */
type Problem = Error & { readonly code?: string; readonly status?: number; readonly pointer?: string };

/** A problem in words: what is wrong, why, and where. */
function explain({ code = "unexpected_answer", message, pointer }: Problem): Said {
  const title = new Map(Object.entries(errorTable)).get(code)?.[1] ?? "The request failed";
  const detail = message && `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
  return { title: `${title} (${code})`, detail: pointer ? `${detail} Look at ${pointer}.` : detail, isBad: true };
}
