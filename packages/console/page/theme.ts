import { effect, signal } from "@preact/signals";

/** Which colours are shown. */
export type Theme = "system" | "light" | "dark";

const item = "usermeta-console-theme";

/** The chosen theme: the only thing that the page keeps in the browser's storage. */
export const theme = signal<Theme>(stored());

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
  try {
    localStorage.setItem(item, theme.value);
  } catch {
    // storage is switched off: the choice lasts as long as the page
  }
});

function stored(): Theme {
  try {
    const name = localStorage.getItem(item);
    return name === "light" || name === "dark" ? name : "system";
  } catch {
    return "system";
  }
}
