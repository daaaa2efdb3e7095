import { useSignal } from "@preact/signals";
import type { UserMetaError } from "@usermeta/core/json";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { Dialog } from "./dialog.tsx";
import { explain, signIn } from "./requests.ts";
import { settings } from "./settings.ts";

const kinds = {
  key: { title: "Sign in with an admin key", label: "Admin key" },
  token: { title: "Sign in with a session token", label: "Session token" },
  cookie: { title: "Sign in to the application", label: undefined },
} as const;

/** Stands before everything until the server admits this page; what lies behind it stays as it is. */
export function Gate({ reason }: { readonly reason: UserMetaError }): JSX.Element {
  const { title, label } = kinds[settings.credentials];
  const field = useRef<HTMLInputElement>(null);
  const error = useSignal<unknown>(reason.code === "session_required" ? undefined : reason);
  const isBusy = useSignal(false);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    isBusy.value = true;
    try {
      await signIn(field.current?.value.trim());
    } catch (reason) {
      error.value = reason;
      field.current?.focus();
    }
    isBusy.value = false;
  }

  return (
    <Dialog title={title}>
      <form onSubmit={(event) => void submit(event)}>
        {label === undefined ? (
          <p>
            The console uses your session there. Sign in as an administrator in another tab, then come back and
            continue; nothing here is lost.
          </p>
        ) : (
          <>
            <p class="soft">
              It is kept in this page's memory only, and forgotten when the page is closed or reloaded.
            </p>
            <label class="field">
              <span>{label}</span>
              <input
                ref={field}
                type="password"
                name="password"
                autocomplete="current-password"
                spellcheck={false}
                required
                aria-describedby="gate-error"
              />
            </label>
          </>
        )}
        <div id="gate-error" role="alert">
          {error.value !== undefined && <Problem error={error.value} />}
        </div>
        <div class="actions">
          <button type="submit" class="primary" disabled={isBusy.value}>
            {label === undefined ? "Continue" : "Sign in"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** An error in words. */
export function Problem({ error }: { readonly error: unknown }): JSX.Element {
  const { title, help } = explain(error);
  return (
    <p class="problem">
      <strong>{title}.</strong> {help}
    </p>
  );
}
