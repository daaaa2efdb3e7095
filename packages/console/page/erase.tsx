import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Dialog } from "./dialog.tsx";
import { Problem } from "./gate.tsx";
import { send } from "./requests.ts";

/** Whom to erase. */
export interface EraseProps {
  readonly userId: string;
  readonly onClose: () => void;
  readonly onErased: () => void;
}

/** Erases a user once their id was typed. */
export function Erase({ userId, onClose, onErased }: EraseProps): JSX.Element {
  const typed = useSignal("");
  const isBusy = useSignal(false);
  const error = useSignal<unknown>(undefined);

  async function erase(event: Event): Promise<void> {
    event.preventDefault();
    if (typed.value !== userId) return;
    isBusy.value = true;
    try {
      await send("DELETE", `admin/users/${encodeURIComponent(userId)}`);
      onErased();
    } catch (reason) {
      error.value = reason;
      isBusy.value = false;
    }
  }

  return (
    <Dialog title="Erase this user's metadata" onClose={onClose}>
      <form onSubmit={(event) => void erase(event)}>
        <p>
          All three scopes and the whole change log of{" "}
          <code>
            <bdi>{userId}</bdi>
          </code>{" "}
          are removed for good. This cannot be undone.
        </p>
        <label class="field">
          <span>Type the user id to confirm</span>
          <input
            class="mono"
            autocomplete="off"
            spellcheck={false}
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>
        <div role="alert">{error.value !== undefined && <Problem error={error.value} />}</div>
        <div class="actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="danger solid" disabled={isBusy.value || typed.value !== userId}>
            Erase for good
          </button>
        </div>
      </form>
    </Dialog>
  );
}
