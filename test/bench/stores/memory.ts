import { openStore } from "usermeta";
import type { Database } from "./database.ts";

/** This process's own memory: what core itself costs. */
export const memory: Database = {
  name: "memory",
  start: async () => {
    const store = await openStore("memory:");
    return { label: "memory", store, stop: () => store.close() };
  },
};
