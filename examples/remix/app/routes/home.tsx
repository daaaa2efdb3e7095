import { UserMetaProvider, useUser } from "@usermeta/react";
import { useState } from "react";
import { type LoaderFunctionArgs, useLoaderData } from "react-router";
import { meta } from "../usermeta.server.ts";

/** What the first render shows; public and unsafe only, because it is in the page. */
export async function loader({ request }: LoaderFunctionArgs) {
  const session = await (await meta).verifySession(request, { sessionRequired: false, metadata: true });
  return { initial: session?.metadata && { userId: session.userId, ...session.metadata } };
}

export default function Home() {
  const { initial } = useLoaderData<typeof loader>();
  if (!initial) return <a href="/signin">Sign in</a>;
  return (
    <UserMetaProvider url="/usermeta" initial={initial}>
      <Settings />
    </UserMetaProvider>
  );
}

function Settings() {
  const { user } = useUser();
  const [birthday, setBirthday] = useState("");
  if (!user) return <p>Your session is over.</p>;
  return (
    <main>
      <h1>{user.id}</h1>
      <p>{JSON.stringify(user.publicMetadata)}</p>
      <p id="unsafe">{JSON.stringify(user.unsafeMetadata)}</p>
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
    </main>
  );
}
