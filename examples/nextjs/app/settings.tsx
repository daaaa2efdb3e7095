"use client";

import { useUser } from "@usermeta/react";
import { useState } from "react";

/** Rendered on the server with what the page read there, and in the browser with what is true since. */
export function Settings() {
  const { user } = useUser();
  const [birthday, setBirthday] = useState("");
  if (!user) return <p>Your session is over.</p>;
  return (
    <>
      <h2>public</h2>
      <pre>{JSON.stringify(user.publicMetadata, null, 2)}</pre>
      <h2>unsafe</h2>
      <pre>{JSON.stringify(user.unsafeMetadata, null, 2)}</pre>
      <label>
        Birthday <input type="text" value={birthday} onChange={(event) => setBirthday(event.target.value)} />
      </label>
      <button
        type="button"
        onClick={() => {
          user.update({ unsafeMetadata: { ...user.unsafeMetadata, birthday } }).catch(alert);
        }}
      >
        Update birthday
      </button>
    </>
  );
}
