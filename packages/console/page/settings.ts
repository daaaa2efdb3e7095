import type { ResolvedLimits } from "@usermeta/core/json";

interface Settings {
  readonly credentials: "key" | "token" | "cookie";
  readonly limits: Pick<ResolvedLimits, "characters" | "depth">;
}

/** What the server wrote into the page. */
export const settings: Settings = JSON.parse(document.body.dataset["settings"] ?? "") as Settings;

/** Allows the editor's style sheets: the page's policy knows no others. */
export const nonce: string = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
