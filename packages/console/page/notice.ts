import { signal } from "@preact/signals";

/** What has just been done, for a few seconds. */
export const notice = signal<string | undefined>(undefined);

let timer: ReturnType<typeof setTimeout> | undefined;

/** Says what has just been done. */
export function say(text: string): void {
  notice.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => {
    notice.value = undefined;
  }, 6000);
}
