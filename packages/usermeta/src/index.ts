export { defineConfig, type UserMetaConfig } from "./config.ts";
export type { OpenApiOptions } from "./openapi/document.ts";
export { openApiRoutes } from "./openapi/routes.ts";
export { type OpenStoreOptions, openStore } from "./store.ts";
