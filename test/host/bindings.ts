import type { Serve } from "./config.ts";

/** Every binding there is; loaded only when it is asked for, so that one host carries one framework. */
export const bindings: Readonly<Record<string, () => Promise<Serve>>> = {
  express: async () => (await import("./express.ts")).onExpress5,
  express4: async () => (await import("./express.ts")).onExpress4,
};
