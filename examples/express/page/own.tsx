import { type JsonObject, parseJson } from "@usermeta/core/json";
import { type User, useUserMetaClient, useUserMetadata } from "@usermeta/react";
import { useState } from "react";
import { Message, useMessage } from "./message.tsx";
import { pretty, send } from "./requests.ts";

/** What users see of themselves. It is always what the server has now, whoever wrote it. */
export function Own({ user }: { readonly user: User }) {
  return (
    <div className="columns">
      <div className="stack">
        <Public />
        <Private />
      </div>
      <Unsafe user={user} />
    </div>
  );
}

function Public() {
  const shown = useUserMetadata("public");
  return (
    <article className="card">
      <h2>
        Public <span className="badge public">you read</span>
      </h2>
      <p>The application writes it, you read it. It may travel in your session token.</p>
      <pre>{pretty(shown)}</pre>
    </article>
  );
}

const handlers = [
  ["Read preferences", "GET", "/preferences"],
  ["Add newKey", "POST", "/updateinfo"],
  ["Remove notifications", "POST", "/removenotifications"],
  ["Clear", "POST", "/clearinfo"],
] as const;

function Private() {
  const { said, act } = useMessage();
  const call = async (method: string, path: string) => ({
    title: `${method} ${path} answers`,
    detail: JSON.stringify(await send(method, path)),
  });
  return (
    <article className="card">
      <h2>
        Private <span className="badge private">hidden</span>
      </h2>
      <p>
        Not visible here, by design: it never leaves the server. Only the application’s own code works with it, and so
        do these four handlers of it.
      </p>
      <div className="actions">
        {handlers.map(([title, method, path]) => (
          <button key={title} type="button" onClick={() => act(() => call(method, path))}>
            {title}
          </button>
        ))}
      </div>
      <Message said={said} />
    </article>
  );
}

const modes = {
  shallow: {
    label: "shallow merge",
    help: "Each key you name is replaced whole, null removes it, all other keys stay.",
    example: { notifications: { sms: true }, todos: null },
  },
  deep: {
    label: "deep merge",
    help: "Objects are merged at every depth, null removes a key, arrays are replaced whole.",
    example: { preferences: { language: "en" }, notifications: { email: null } },
  },
  replace: {
    label: "replace",
    help: "What you write becomes the whole scope; whatever you leave out is gone.",
    example: undefined,
  },
};
type Mode = keyof typeof modes;

function Unsafe({ user }: { readonly user: User }) {
  const client = useUserMetaClient();
  const version = useUserMetadata("version");
  const [mode, setMode] = useState<Mode>("shallow");
  const [text, setText] = useState(pretty(modes.shallow.example));
  /** The user as the text was written for: to replace what came since would undo somebody else's change. */
  const [seen, setSeen] = useState<User | undefined>(user);
  if (seen === undefined) setSeen(user);
  const { said, act } = useMessage();

  function choose(next: Mode) {
    setMode(next);
    setText(pretty(modes[next].example ?? user.unsafeMetadata));
    setSeen(user);
  }

  async function write(work: () => Promise<unknown>) {
    const before = client.current()?.version;
    await work();
    setSeen(undefined);
    const after = client.current()?.version;
    return { title: after === before ? "Nothing to change: same version" : `Saved as version ${after}` };
  }

  async function save() {
    const unsafe = parseJson(text, true) as JsonObject; // refuses repeated keys, and numbers that would be rounded
    if (mode === "shallow") await client.update({ unsafe });
    if (mode === "deep") await user.updateMetadata({ unsafeMetadata: unsafe });
    if (mode === "replace") await (seen ?? user).update({ unsafeMetadata: unsafe });
  }

  const conflict = {
    status: 412,
    title: "Not saved: another device has written since you began (412)",
    detail: "Nothing is lost: what you typed is still in the editor. Load the new version, then save again.",
    isBad: true,
    action: (
      <button
        type="button"
        onClick={() =>
          act(async () => {
            setSeen(undefined);
          })
        }
      >
        Load the new version
      </button>
    ),
  };

  /** A write that this page's client knows nothing of, as if it came from the user's telephone. */
  async function writeElsewhere() {
    const body = JSON.stringify({ unsafe: { lastSeen: new Date().toISOString() } });
    const written = await send<{ version: number }>("PATCH", "/usermeta/me/metadata", { body });
    const detail = "This page has heard of it. A replacement of the version before is refused with 412.";
    return { title: `Another device wrote version ${written.version}`, detail };
  }

  return (
    <article className="card">
      <h2>
        Unsafe <span className="badge unsafe">you read and write</span>
      </h2>
      <p>Whatever you like to keep. You can write anything, so nobody should trust it.</p>
      <h3>
        Stored now <small>version {version}</small>
      </h3>
      <pre id="own-unsafe">{pretty(user.unsafeMetadata)}</pre>
      <p className="hint live">Live: change it in a second tab or by curl, and this page changes by itself.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act(() => write(save), conflict);
        }}
      >
        <fieldset className="modes">
          <legend>Save as</legend>
          {(Object.keys(modes) as Mode[]).map((name) => (
            <label key={name}>
              <input type="radio" name="mode" checked={name === mode} onChange={() => choose(name)} />{" "}
              {modes[name].label}
            </label>
          ))}
        </fieldset>
        <p className="hint">{modes[mode].help}</p>
        <label htmlFor="own-text">Your change, as JSON</label>
        <textarea
          id="own-text"
          rows={7}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <div className="actions">
          <button type="submit" className="primary">
            Save
          </button>
          <button type="button" onClick={() => act(() => write(client.clear))}>
            Clear all
          </button>
          <button type="button" onClick={() => act(async () => void (await user.reload()))}>
            Reload
          </button>
          <button type="button" onClick={() => act(writeElsewhere)}>
            Write from another device
          </button>
        </div>
        <p className="hint">
          Each save sends <code>If-Match</code>, so that it never overwrites what you have not seen. Choose replace, let
          another device write, then save: you will be told. Merges are made again on top of what came in between.
        </p>
      </form>
      <Message said={said} />
    </article>
  );
}
