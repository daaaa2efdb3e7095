export { type ClerkClient, type ClerkMetadata, type ClerkUser, type ClerkUsers, clerkClient } from "./clerk/client.ts";
export { type ClerkRoutesOptions, clerkRoutes } from "./clerk/routes.ts";
export { type HankoRoutesOptions, hankoRoutes } from "./hanko/routes.ts";
export { hankoTemplate } from "./hanko/template.ts";
export { type SuperTokensRecipe, superTokensRecipe } from "./supertokens/recipe.ts";
export { type SuperTokensRoutesOptions, superTokensRoutes } from "./supertokens/routes.ts";
