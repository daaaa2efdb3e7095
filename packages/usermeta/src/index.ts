export { defineConfig, type UserMetaConfig } from "./config.ts";
export { type OpenStoreOptions, openStore } from "./store.ts";
