// The official @clerk/backend, unmodified, over a real server.
import { createClerkClient as client1 } from "@clerk/backend-1";
import { createClerkClient as client2 } from "@clerk/backend-2";
import { createClerkClient as client3 } from "@clerk/backend-3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keys, startWorld, stores, type World } from "./world.ts";

type Client = ReturnType<typeof client3>;
const majors: readonly (readonly [major: number, create: typeof client3])[] = [
  [1, client1 as unknown as typeof client3],
  [2, client2 as unknown as typeof client3],
  [3, client3],
];

/** The rejection's status, and the code and parameter of its first error. */
const refusal = (status: number, code: string, paramName?: string) =>
  expect.objectContaining({
    status,
    errors: [
      expect.objectContaining({
        code,
        ...(paramName !== undefined && { meta: expect.objectContaining({ paramName }) }),
      }),
    ],
  });

describe.each(majors)("@clerk/backend %i", (major, create) => {
  describe.each(Object.keys(stores))("on %s", (store) => {
    let world: World;
    let clerk: Client;
    beforeEach(async () => {
      world = await startWorld(store);
      clerk = create({ secretKey: keys.clerk, apiUrl: world.url });
    });
    afterEach(() => world.close());

    it("gets a user nobody wrote about, with everything that Clerk's schema has", async () => {
      const user = await clerk.users.getUser("user_2aBcDeF");
      expect(user).toMatchObject({
        id: "user_2aBcDeF",
        publicMetadata: {},
        privateMetadata: {},
        unsafeMetadata: {},
        emailAddresses: [],
        banned: false,
      });
      expect(Object.values(user)).not.toContain(undefined);
    });

    it("merges deeply, and null removes at any level", async () => {
      const first = await clerk.users.updateUserMetadata("user_1", {
        publicMetadata: { plan: "pro", deep: { a: 1, b: { c: 2 } }, list: [1, { x: null }] },
        privateMetadata: { stripeId: "cus_1" },
      });
      expect(first.publicMetadata).toEqual({ plan: "pro", deep: { a: 1, b: { c: 2 } }, list: [1, { x: null }] });
      const second = await clerk.users.updateUserMetadata("user_1", {
        publicMetadata: { plan: null, deep: { b: { c: null, d: 3 } }, list: [2] },
        unsafeMetadata: { camelCase: { snake_case: "Ünïcode 🎉" } },
      });
      expect(second).toMatchObject({
        publicMetadata: { deep: { a: 1, b: { d: 3 } }, list: [2] },
        privateMetadata: { stripeId: "cus_1" },
        unsafeMetadata: { camelCase: { snake_case: "Ünïcode 🎉" } },
      });
      expect(second.publicMetadata).not.toHaveProperty("plan");
      const { publicMetadata, privateMetadata, unsafeMetadata, createdAt, updatedAt } =
        await clerk.users.getUser("user_1");
      expect({ publicMetadata, privateMetadata, unsafeMetadata }).toEqual({
        publicMetadata: second.publicMetadata,
        privateMetadata: second.privateMetadata,
        unsafeMetadata: second.unsafeMetadata,
      });
      expect(updatedAt).toBeGreaterThanOrEqual(createdAt);
      expect(Math.abs(createdAt - Date.now())).toBeLessThan(120_000);
    });

    it("changes nothing by an update of nothing, which the SDK sends without a body", async () => {
      await clerk.users.updateUserMetadata("user_1", { publicMetadata: { a: 1 } });
      expect((await clerk.users.updateUserMetadata("user_1", {})).publicMetadata).toEqual({ a: 1 });
      expect((await world.meta.get("user_1")).version).toBe(1);
    });

    it("replaces what updateUser names, by whichever request this version of the SDK sends", async () => {
      await clerk.users.updateUserMetadata("user_1", { publicMetadata: { a: 1, b: 2 }, unsafeMetadata: { old: true } });
      const user = await clerk.users.updateUser("user_1", { unsafeMetadata: { birthday: "11-30-1969", gone: null } });
      expect(user.unsafeMetadata).toEqual({ birthday: "11-30-1969", gone: null });
      expect(user.publicMetadata).toEqual({ a: 1, b: 2 });
    });

    // Older ones do not have it.
    if (major === 3)
      it("replaces with replaceUserMetadata; an empty object empties", async () => {
        await clerk.users.updateUserMetadata("user_1", { publicMetadata: { a: 1 }, privateMetadata: { b: 2 } });
        const user = await clerk.users.replaceUserMetadata("user_1", { publicMetadata: {} });
        expect(user).toMatchObject({ publicMetadata: {}, privateMetadata: { b: 2 } });
      });

    it("lists the users it names", async () => {
      await clerk.users.updateUserMetadata("user_1", { publicMetadata: { a: 1 } });
      const { data, totalCount } = await clerk.users.getUserList({ userId: ["user_1", "user_2"] });
      expect(data.map(({ id, publicMetadata }) => [id, publicMetadata])).toEqual([
        ["user_1", { a: 1 }],
        ["user_2", {}],
      ]);
      expect(totalCount).toBe(2);
      expect((await clerk.users.getUserList({ userId: ["user_1", "user_2"], limit: 1, offset: 1 })).data).toHaveLength(
        1,
      );
      expect(await clerk.users.getCount({ userId: ["user_1"] })).toBe(1);
      await expect(clerk.users.getUserList()).rejects.toThrow();
    });

    it("deletes a user with metadata and history", async () => {
      await clerk.users.updateUserMetadata("user_1", { privateMetadata: { a: 1 } });
      expect(await clerk.users.deleteUser("user_1")).toMatchObject({ id: "user_1", deleted: true });
      expect((await world.meta.export("user_1")).history).toEqual([]);
      expect((await clerk.users.getUser("user_1")).privateMetadata).toEqual({});
    });

    it("takes 8,192 bytes of UTF-8 in each field, and refuses one more with everything beside it", async () => {
      const text = "é".repeat((8192 - '{"text":""}'.length - 1) / 2);
      const full = { text: `${text}x` };
      expect(Buffer.byteLength(JSON.stringify(full))).toBe(8192);
      await clerk.users.updateUserMetadata("user_1", {
        publicMetadata: full,
        privateMetadata: full,
        unsafeMetadata: full,
      });
      const over = { text: `${text}xy` };
      await expect(
        clerk.users.updateUserMetadata("user_1", { publicMetadata: { a: null }, privateMetadata: over }),
      ).rejects.toEqual(refusal(422, "form_param_exceeds_allowed_size", "private_metadata"));
      await expect(clerk.users.updateUser("user_1", { publicMetadata: over })).rejects.toMatchObject({
        errors: [{ longMessage: "The given public_metadata exceeds the maximum allowed size of 8192 bytes (8 KB)." }],
      });
      expect((await world.meta.get("user_1")).version).toBe(1);
    });

    it("is refused what Clerk refuses", async () => {
      const { users } = clerk;
      await expect(users.updateUserMetadata("user_1", { publicMetadata: [1] as never })).rejects.toEqual(
        refusal(422, "form_param_value_invalid", "public_metadata"),
      );
      const forbidden = JSON.parse('{"__proto__":{"admin":true}}') as Record<string, unknown>;
      await expect(users.updateUserMetadata("user_1", { publicMetadata: forbidden })).rejects.toEqual(
        refusal(422, "form_param_value_invalid", "public_metadata"),
      );
      await expect(users.updateUserMetadata("user_1", { colour: {} } as never)).rejects.toEqual(
        refusal(422, "form_param_unknown", "colour"),
      );
      await expect(users.updateUser("user_1", { firstName: "Ada", unsafeMetadata: { a: 1 } })).rejects.toEqual(
        refusal(422, "form_param_unknown", "first_name"),
      );
      await expect(users.getUser("\u0007")).rejects.toEqual(refusal(404, "resource_not_found"));
      expect((await world.meta.get("user_1")).version).toBe(0);
    });

    it("is told of a wrong key", async () => {
      const { users } = create({ secretKey: "sk_test_0123456789abcdefghiX", apiUrl: world.url });
      const invalid = refusal(401, "clerk_key_invalid");
      await expect(users.getUser("user_1")).rejects.toEqual(invalid);
      await expect(users.updateUserMetadata("user_1", { publicMetadata: { a: 1 } })).rejects.toEqual(invalid);
      await expect(users.updateUser("user_1", { publicMetadata: { a: 1 } })).rejects.toEqual(invalid);
      await expect(users.deleteUser("user_1")).rejects.toEqual(invalid);
      expect((await world.meta.get("user_1")).version).toBe(0);
    });

    it("loses none of 50 updates at once", async () => {
      await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          clerk.users.updateUserMetadata("user_1", { privateMetadata: { nested: { [`key${i}`]: i } } }),
        ),
      );
      const { privateMetadata } = await clerk.users.getUser("user_1");
      expect(Object.keys(privateMetadata["nested"] as object)).toHaveLength(50);
    });
  });
});
