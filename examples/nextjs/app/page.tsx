import { getSession } from "@usermeta/nextjs";
import { UserMetaProvider } from "@usermeta/react";
import { meta } from "../usermeta.ts";
import { setTheme } from "./actions.ts";
import { Settings } from "./settings.tsx";

export default async function Page() {
  const session = await getSession(meta, { sessionRequired: false, metadata: true });
  if (session === undefined) return <p>Nobody is signed in: open the address that the server printed.</p>;

  const { userId, metadata } = session; // public and unsafe only: what is given to a client component is in the page
  return (
    <UserMetaProvider url="/usermeta" initial={metadata && { userId, ...metadata }}>
      <main>
        <h1>{userId}</h1>
        <Settings />
        <form action={setTheme}>
          <button type="submit" name="theme" value="dark">
            dark
          </button>
          <button type="submit" name="theme" value="light">
            light
          </button>
        </form>
      </main>
    </UserMetaProvider>
  );
}
