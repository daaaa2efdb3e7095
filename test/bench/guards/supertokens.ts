import SuperTokens from "supertokens-node";
import Session from "supertokens-node/recipe/session/index.js";
import type { Setup } from "../http/setup.ts";

/** Sets SuperTokens up for tokens in headers. The bench's issuer answers as its core does where keys are asked for. */
export function initSuperTokens(framework: "express" | "fastify", { issuer }: Setup): void {
  SuperTokens.init({
    framework,
    supertokens: { connectionURI: issuer },
    appInfo: { appName: "bench", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" },
    recipeList: [Session.init({ getTokenTransferMethod: () => "header" })],
  });
}
