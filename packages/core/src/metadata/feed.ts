import type { MetadataStore } from "./store.ts";

/** Tells of records that change: this process' own writes at once, those of others as soon as the store tells of them. */
export interface Feed {
  /** Calls back whenever the user's record may have changed. Returns the way to stop. */
  listen(userId: string, listener: () => void): () => void;
  /** Says that a user's record has changed. */
  tell(userId: string): void;
  /** Stops listening to the store. */
  close(): void;
}

/** A feed that listens to the store only while somebody listens to the feed. */
export function createFeed(store: Pick<MetadataStore, "watch">): Feed {
  const listeners = new Map<string, Set<() => void>>();
  let stop: (() => void) | undefined;

  function tell(userId: string): void {
    for (const listener of listeners.get(userId) ?? []) listener();
  }

  function close(): void {
    stop?.();
    stop = undefined;
  }

  return {
    listen: (userId, listener) => {
      const ofUser = listeners.get(userId) ?? new Set();
      listeners.set(userId, ofUser.add(listener));
      stop ??= store.watch?.((event) => {
        if (event !== "gap") tell(event.userId);
        else for (const one of listeners.keys()) tell(one); // what was missed is unknown
      });
      return () => {
        ofUser.delete(listener);
        if (ofUser.size === 0 && listeners.get(userId) === ofUser) listeners.delete(userId);
        if (listeners.size === 0) close();
      };
    },
    tell,
    close,
  };
}
