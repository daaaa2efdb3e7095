import { UserMetaProvider, useUser, useUserMetaClient, useUserMetadata } from "@usermeta/react";
import { type DemoUser, users } from "../users.ts";
import { send, shownFetch } from "./requests.ts";
import { Tabs } from "./tabs.tsx";
import { Wire } from "./wire.tsx";

/** The demo. The provider's client has the session in a cookie; its `fetch` shows each request as a curl line. */
export function App() {
  return (
    <UserMetaProvider url="/usermeta" fetch={shownFetch}>
      <Page />
    </UserMetaProvider>
  );
}

function Page() {
  const { isLoaded, user, error } = useUser();
  const person = users.find(({ userId }) => userId === user?.id);
  return (
    <>
      <header>
        <h1>
          usermeta <span>demo</span>
        </h1>
        {person && <Who person={person} />}
      </header>
      <main>
        {person && user ? (
          <div key={user.id}>
            <Tabs person={person} user={user} />
            <Wire user={user} />
          </div>
        ) : isLoaded ? (
          <SignIn />
        ) : (
          error && <p role="alert">The demo does not answer. Is it still running?</p>
        )}
      </main>
    </>
  );
}

function SignIn() {
  const client = useUserMetaClient();
  async function signIn(userId: string) {
    await send("POST", "/signin", { body: JSON.stringify({ userId }) });
    await client.get(); // every hook learns of the new session
  }
  return (
    <section id="signin" aria-labelledby="signin-title">
      <h2 id="signin-title">Who are you today?</h2>
      <p className="lead">
        usermeta keeps what an application knows about its users. Pick one. There is no password: the demo signs its own
        session tokens, and therefore answers on this machine only.
      </p>
      <ul className="users">
        {users.map(({ userId, name, role }) => (
          <li key={userId}>
            <button type="button" onClick={() => void signIn(userId).catch(console.error)}>
              <strong>{name}</strong>
              <span>{role === "admin" ? "administrator" : "member"}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Who is signed in. Renders again for another plan, and for nothing else of the metadata. */
function Who({ person }: { readonly person: DemoUser }) {
  const client = useUserMetaClient();
  const plan = useUserMetadata("public.plan");
  async function signOut() {
    await send("POST", "/signout");
    history.replaceState(null, "", location.pathname);
    await client.get().catch(() => undefined); // 401: nobody is signed in, and hooks say so
  }
  return (
    <p id="who">
      {person.name} {typeof plan === "string" && <span className="badge public">{plan}</span>}{" "}
      <button type="button" className="quiet" onClick={() => void signOut().catch(console.error)}>
        Sign out
      </button>
    </p>
  );
}
