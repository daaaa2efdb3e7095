import { useEffect, useState } from "react";
import type { DemoUser } from "../users.ts";
import { Editor, type Opened, type UserRecord } from "./editor.tsx";
import { Message, useMessage } from "./message.tsx";
import { send } from "./requests.ts";

async function readUsers(plan: string, isShown: boolean): Promise<readonly UserRecord[]> {
  const where = plan && `?where=${encodeURIComponent(JSON.stringify({ "public.plan": plan }))}`;
  return (await send<{ users: UserRecord[] }>("GET", `/usermeta/admin/users${where}`, { isShown })).users;
}

/** Everybody's metadata, for administrators: the admin routes, without a library. */
export function Admin({ person, isOpen }: { readonly person: DemoUser; readonly isOpen: boolean }) {
  const [plan, setPlan] = useState("");
  const [users, setUsers] = useState<readonly UserRecord[]>();
  const [opened, setOpened] = useState<Opened>();
  const { said, act } = useMessage();

  useEffect(() => {
    if (!isOpen) return;
    const load = async (): Promise<undefined> => {
      setUsers(await readUsers(plan, true));
    };
    act(load, {
      status: 403,
      title: "Only administrators may look here (admin_forbidden)",
      detail: `${person.name} is a member. Sign out, and come back as Ada Lovelace.`,
      isBad: true,
    });
  }, [isOpen, plan, person, act]);

  return (
    <>
      <Message said={said} />
      <div className="columns narrow-first" hidden={!users}>
        <article className="card">
          <h2>Users</h2>
          <p>
            A small part of what the <a href="/usermeta/console">console</a> does, which comes with usermeta.
          </p>
          <label htmlFor="plan">Show</label>
          <select id="plan" value={plan} onChange={(event) => setPlan(event.target.value)}>
            <option value="">everybody</option>
            <option value="pro">public.plan is pro</option>
            <option value="free">public.plan is free</option>
            <option value="enterprise">public.plan is enterprise</option>
          </select>
          <ul className="list">
            {users?.length === 0 && <li className="hint">Nobody.</li>}
            {users?.map(({ userId, version, public: { plan: theirs = "no plan" } }) => (
              <li key={userId}>
                <button type="button" aria-pressed={userId === opened?.userId} onClick={() => setOpened({ userId })}>
                  {userId}
                  <span>
                    {typeof theirs === "string" ? theirs : JSON.stringify(theirs)}, version {version}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </article>
        {opened && (
          <Editor key={opened.userId} opened={opened} onSaved={async () => setUsers(await readUsers(plan, false))} />
        )}
      </div>
    </>
  );
}
