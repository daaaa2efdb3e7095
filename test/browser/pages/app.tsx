import type { ClientOptions } from "@usermeta/client";
import { UserMetaProvider, useUser, useUserMetaClient, useUserMetadata } from "@usermeta/react";
import { Component, type ReactNode, Suspense, useRef, useState } from "react";

/** What the page is given, on the server and in the browser alike. */
export interface AppProps {
  readonly initial?: ClientOptions["initial"];
  readonly suspense?: boolean;
}

/** How often a component was rendered. */
function Renders() {
  const count = useRef(0);
  count.current++;
  return <small suppressHydrationWarning>{count.current}</small>;
}

function Theme() {
  const theme = useUserMetadata("unsafe.theme");
  return (
    <p id="theme">
      theme: {JSON.stringify(theme) ?? "none"} <Renders />
    </p>
  );
}

function Preferences() {
  const preferences = useUserMetadata("unsafe.preferences");
  return (
    <p id="preferences">
      preferences: {JSON.stringify(preferences) ?? "none"} <Renders />
    </p>
  );
}

function Plan() {
  const plan = useUserMetadata("public.plan");
  return (
    <p id="plan">
      plan: {JSON.stringify(plan) ?? "none"} <Renders />
    </p>
  );
}

function Everything() {
  const metadata = useUserMetadata();
  return <pre id="everything">{metadata ? JSON.stringify([metadata.public, metadata.unsafe]) : "loading"}</pre>;
}

function Profile() {
  const { isLoaded, isSignedIn, user } = useUser();
  const client = useUserMetaClient();
  const [error, setError] = useState("");
  const [birthday, setBirthday] = useState("");
  const act = (work: () => Promise<unknown> | undefined) => () => {
    setError("");
    work()?.catch((caught: { code: string }) => setError(caught.code));
  };
  if (!isLoaded) return <p id="user">loading</p>;
  if (!isSignedIn) return <p id="user">signed out</p>;
  return (
    <section id="user">
      <h2>{user.id}</h2>
      <label>
        Birthday <input value={birthday} onChange={(event) => setBirthday(event.target.value)} />
      </label>
      <button type="button" onClick={act(() => user.update({ unsafeMetadata: { birthday } }))}>
        Replace
      </button>
      <button type="button" onClick={act(() => user.updateMetadata({ unsafeMetadata: { preferences: { birthday } } }))}>
        Merge
      </button>
      <button type="button" onClick={act(() => client.update({ unsafe: { theme: "blue".repeat(1000) } }))}>
        Too much
      </button>
      <button type="button" onClick={act(() => user.reload())}>
        Reload
      </button>
      <p role="alert">{error}</p>
    </section>
  );
}

function Suspended() {
  const { userId } = useUserMetadata({ suspense: true });
  return <p id="suspended">for {userId}</p>;
}

class Boundary extends Component<{ readonly children: ReactNode }, { readonly code?: string }> {
  override state: { readonly code?: string } = {};
  static getDerivedStateFromError = ({ code }: { code: string }) => ({ code });
  override render() {
    return this.state.code ? <p id="boundary">caught {this.state.code}</p> : this.props.children;
  }
}

export function App({ initial, suspense = false }: AppProps) {
  return (
    <UserMetaProvider url="/usermeta" retries={2} initial={initial}>
      <main>
        <h1>usermeta</h1>
        <Theme />
        <Preferences />
        <Plan />
        <Everything />
        <Profile />
        {suspense && (
          <Boundary>
            <Suspense fallback={<p id="suspended">waiting</p>}>
              <Suspended />
            </Suspense>
          </Boundary>
        )}
      </main>
    </UserMetaProvider>
  );
}
