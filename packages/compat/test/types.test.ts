import {
  clerkClient,
  clerkRoutes,
  hankoRoutes,
  hankoTemplate,
  superTokensRecipe,
  superTokensRoutes,
} from "@usermeta/compat";
import { createUserMeta, type JsonObject, jwtVerifier, memoryStore, type TokenUser } from "@usermeta/core";
import { testVerifier } from "@usermeta/testkit";
import { expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { keys } from "./world.ts";

const verifier = jwtVerifier(await testVerifier());
const untyped = createUserMeta({ store: memoryStore(), verifier });
const typed = createUserMeta({
  store: memoryStore(),
  verifier,
  schema: {
    public: z.object({ plan: z.enum(["free", "pro"]) }),
    private: z.object({ credits: z.number(), note: z.string().optional() }),
  },
});

it("The facades carry the types of the schema", async () => {
  const recipe = superTokensRecipe(typed);
  expectTypeOf((await recipe.getUserMetadata("ada")).metadata).toEqualTypeOf<{
    credits?: number;
    note?: string | undefined;
  }>();
  await recipe.updateUserMetadata("ada", { credits: 1, note: null });
  // @ts-expect-error credits is required: null cannot remove it
  await expect(recipe.updateUserMetadata("ada", { credits: null })).rejects.toMatchObject({ code: "schema_mismatch" });
  // @ts-expect-error not a member
  await recipe.updateUserMetadata("ada", { credit: 1 });

  const { users } = await clerkClient(typed)();
  expectTypeOf((await users.getUser("ada")).publicMetadata).toEqualTypeOf<{ plan?: "free" | "pro" }>();
  await users.updateUserMetadata("ada", { publicMetadata: { plan: "pro" }, privateMetadata: { note: null } });
  // @ts-expect-error not a plan
  await expect(users.updateUserMetadata("ada", { publicMetadata: { plan: "gold" } })).rejects.toMatchObject({
    code: "schema_mismatch",
  });
  // @ts-expect-error replacing needs all of it
  await expect(users.replaceUserMetadata("ada", { privateMetadata: { note: "x" } })).rejects.toMatchObject({
    code: "schema_mismatch",
  });
});

it("Without a schema metadata is any JSON object", async () => {
  const { metadata } = await superTokensRecipe(untyped).getUserMetadata("ada");
  expectTypeOf(metadata).toEqualTypeOf<Partial<JsonObject>>();
  expectTypeOf(hankoTemplate({})).toEqualTypeOf<(user: TokenUser) => JsonObject>();
});

it("Routes take keys as the environment has them, and refuse to start without", () => {
  const { MISSING } = process.env;
  for (const meta of [untyped, typed]) {
    expect(() => superTokensRoutes(meta, { apiKeys: [MISSING] })).toThrow("apiKeys");
    expect(() => clerkRoutes(meta, { secretKey: MISSING })).toThrow("secretKey");
    expect(() => hankoRoutes(meta, { apiKey: MISSING })).toThrow("apiKey");
    expect(superTokensRoutes(meta, { apiKeys: [keys.superTokens] }).table).toContainEqual({
      method: "PUT",
      path: "/recipe/user/metadata",
    });
  }
});
