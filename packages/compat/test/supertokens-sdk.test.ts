// The official supertokens-node, unmodified, over a real server.
import { createRequire } from "node:module";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { serve } from "../../../test/serve.ts";
import { keys, startWorld, stores, type World } from "./world.ts";

const require = createRequire(import.meta.url);
type SuperTokens = typeof import("supertokens-node-24").default;
type UserMetadata = typeof import("supertokens-node-24/recipe/usermetadata").default;

describe.each([16, 20, 24])("supertokens-node %i", (major) => {
  const superTokens = require(`supertokens-node-${major}`) as SuperTokens;
  const recipe = require(`supertokens-node-${major}/recipe/usermetadata`) as UserMetadata;
  let world: World;
  let core: Awaited<ReturnType<typeof serve>>;
  let apiKey = keys.superTokens;
  const asked: string[] = [];

  // The SDK is initialised once in a process and keeps its core, so the worlds change behind one address.
  beforeAll(async () => {
    core = await serve((req, res) => {
      asked.push(`${req.method} ${req.url?.split("?")[0]} ${String(req.headers["cdi-version"] ?? "")}`.trim());
      world.app(req, res);
    });
    superTokens.init({
      appInfo: { appName: "test", apiDomain: "https://api.example", websiteDomain: "https://app.example" },
      supertokens: {
        connectionURI: `http://127.0.0.1:${core.port}`,
        apiKey: keys.superTokens,
        networkInterceptor: (request) => ({ ...request, headers: { ...request.headers, "api-key": apiKey } }),
      },
      recipeList: [recipe.init()],
    });
  });
  afterAll(() => core.close());

  describe.each(Object.keys(stores))("on %s", (store) => {
    beforeEach(async () => {
      world = await startWorld(store);
      apiKey = keys.superTokens;
    });
    afterEach(() => world.close());

    it("negotiates a version, and asks for nothing but metadata after it", async () => {
      asked.length = 0;
      await recipe.getUserMetadata("ada", {});
      await recipe.updateUserMetadata("ada", { a: 1 }, {});
      await recipe.clearUserMetadata("ada", {});
      const version = { 16: "4.0", 20: "5.1", 24: "5.4" }[major];
      expect(asked.filter((line) => line !== "GET /apiversion")).toEqual([
        `GET /recipe/user/metadata ${version}`,
        `PUT /recipe/user/metadata ${version}`,
        `POST /recipe/user/metadata/remove ${version}`,
      ]);
    });

    it("reads an empty object of a user nobody wrote about", async () => {
      expect(await recipe.getUserMetadata("nobody", {})).toMatchObject({ status: "OK", metadata: {} });
    });

    it("merges at the root: the worked example", async () => {
      await recipe.updateUserMetadata("ada", {
        preferences: { theme: "dark" },
        notifications: { email: true },
        todos: ["use-text-notifs"],
      });
      const expected = { preferences: { theme: "dark" }, notifications: { sms: true } };
      const updated = await recipe.updateUserMetadata("ada", { notifications: { sms: true }, todos: null }, {});
      expect(updated).toMatchObject({ status: "OK" });
      expect(updated.metadata).toEqual(expected);
      expect((await recipe.getUserMetadata("ada", {})).metadata).toEqual(expected);
    });

    it("keeps nested nulls, empty values and any text, for any user id", async () => {
      const userId = 'Zoë "&=?/🎉';
      const metadata = { a: { b: null, c: [null, {}] }, e: "", f: false, z: 0, s: "\u2028<é🎉>\n", 10: 1, 2: 2, "": 3 };
      await recipe.updateUserMetadata(userId, metadata, {});
      expect((await recipe.getUserMetadata(userId, {})).metadata).toEqual(metadata);
      expect((await world.meta.get(userId)).private).toEqual(metadata);
    });

    it("clears, also a user nobody wrote about", async () => {
      await recipe.updateUserMetadata("ada", { a: 1 }, {});
      expect(await recipe.clearUserMetadata("ada", {})).toMatchObject({ status: "OK" });
      expect((await recipe.getUserMetadata("ada", {})).metadata).toEqual({});
      expect(await recipe.clearUserMetadata("nobody", {})).toMatchObject({ status: "OK" });
    });

    it("carries what is far beyond the application's own limits", async () => {
      const text = "x".repeat(900_000);
      await recipe.updateUserMetadata("ada", { text }, {});
      expect((await recipe.getUserMetadata("ada", {})).metadata).toEqual({ text });
    });

    it("loses none of 50 updates at once", async () => {
      await Promise.all(Array.from({ length: 50 }, (_, i) => recipe.updateUserMetadata("ada", { [`key${i}`]: i }, {})));
      expect(Object.keys((await recipe.getUserMetadata("ada", {})).metadata)).toHaveLength(50);
    });

    it("tells of what is refused, in the core's words", async () => {
      const put =
        "SuperTokens core threw an error for a PUT request to path: '/recipe/user/metadata' with status code: 400";
      const forbidden = JSON.parse('{"__proto__":{"admin":true}}') as Record<string, unknown>;
      await expect(recipe.updateUserMetadata("ada", forbidden as never, {})).rejects.toThrow(
        `${put} and message: Invalid Json Input`,
      );
      await expect(recipe.updateUserMetadata("ada", [1] as never, {})).rejects.toThrow(
        `${put} and message: Field name 'metadataUpdate' is invalid in JSON input`,
      );
      await expect(recipe.updateUserMetadata("", { a: 1 }, {})).rejects.toThrow(
        `${put} and message: Field name 'userId' is invalid in JSON input`,
      );
      await expect(recipe.updateUserMetadata("ada", { text: "x".repeat(2 ** 20) }, {})).rejects.toThrow(
        "with status code: 422",
      );
      expect((await world.meta.get("ada")).version).toBe(0);
    });

    it("is told of a wrong key", async () => {
      apiKey = "supertokens-key-012345678X";
      await expect(recipe.getUserMetadata("ada", {})).rejects.toThrow(
        "with status code: 401 and message: Invalid API key",
      );
      await expect(recipe.updateUserMetadata("ada", { a: 1 }, {})).rejects.toThrow("Invalid API key");
      await expect(recipe.clearUserMetadata("ada", {})).rejects.toThrow("Invalid API key");
    });
  });
});
