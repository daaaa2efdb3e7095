export { type OpenStoreOptions, openStore } from "./store.ts";
