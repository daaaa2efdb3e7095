import { getSession } from "@usermeta/nextjs";
import { meta } from "../usermeta.ts";
import { setTheme } from "./actions.ts";

export default async function Page() {
  const session = await getSession(meta, { sessionRequired: false });
  if (session === undefined) return <p>Nobody is signed in: open the address that the server printed.</p>;

  const { public: shown, unsafe } = await meta.get(session.userId);
  return (
    <main>
      <h1>{session.userId}</h1>
      <h2>public</h2>
      <pre>{JSON.stringify(shown, null, 2)}</pre>
      <h2>unsafe</h2>
      <pre>{JSON.stringify(unsafe, null, 2)}</pre>
      <form action={setTheme}>
        <button type="submit" name="theme" value="dark">
          dark
        </button>
        <button type="submit" name="theme" value="light">
          light
        </button>
      </form>
    </main>
  );
}
