import type { User } from "@usermeta/react";
import { type KeyboardEvent, useState } from "react";
import type { DemoUser } from "../users.ts";
import { Activity } from "./activity.tsx";
import { Admin } from "./admin.tsx";
import { Own } from "./own.tsx";

const titles = { own: "My metadata", admin: "Admin", activity: "Activity" };
type Name = keyof typeof titles;
const names = Object.keys(titles) as Name[];

export function Tabs({ person, user }: { readonly person: DemoUser; readonly user: User }) {
  const [open, setOpen] = useState<Name>(() => names.find((name) => location.hash === `#${name}`) ?? "own");

  function show(name: Name) {
    history.replaceState(null, "", `#${name}`);
    setOpen(name);
  }
  function move(event: KeyboardEvent) {
    const at = names.indexOf(open);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const name = names[(next + names.length) % names.length] as Name;
    document.getElementById(`tab-${name}`)?.focus();
    show(name);
  }

  return (
    <>
      <div role="tablist" aria-label="Parts of the demo">
        {names.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-controls={`panel-${name}`}
            aria-selected={name === open}
            tabIndex={name === open ? 0 : -1}
            onClick={() => show(name)}
            onKeyDown={move}
          >
            {titles[name]}
          </button>
        ))}
      </div>
      {names.map((name) => (
        <section
          key={name}
          role="tabpanel"
          id={`panel-${name}`}
          aria-labelledby={`tab-${name}`}
          tabIndex={-1}
          hidden={name !== open}
        >
          {name === "own" && <Own user={user} />}
          {name === "admin" && <Admin person={person} isOpen={name === open} />}
          {name === "activity" && <Activity isOpen={name === open} />}
        </section>
      ))}
    </>
  );
}
