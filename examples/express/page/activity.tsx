import { useUserMetadata } from "@usermeta/react";
import { useEffect, useState } from "react";
import { type Change, Log } from "./log.tsx";
import { Message, useMessage } from "./message.tsx";
import { send } from "./requests.ts";

/** The user's change log; while it is open, it is read again whenever there is a new version. */
export function Activity({ isOpen }: { readonly isOpen: boolean }) {
  const version = useUserMetadata("version");
  const [changes, setChanges] = useState<readonly Change[]>();
  const { said, act } = useMessage();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version is a new entry
  useEffect(() => {
    if (!isOpen) return;
    act(async () => {
      setChanges((await send<{ changes: Change[] }>("GET", "/activity")).changes);
    });
  }, [isOpen, version]);
  return (
    <article className="card">
      <h2>What happened to your metadata</h2>
      <p>Every write leaves an entry: who, when, and what became of each value. Private changes are left out here.</p>
      {changes && <Log changes={changes} none="Nothing yet. Save something on the first tab." />}
      <Message said={said} />
    </article>
  );
}
