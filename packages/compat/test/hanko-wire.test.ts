// Hanko's documented requests, and the rows of its own tests (handler/metadata_admin_test.go, handler/user_test.go).
import { randomUUID } from "node:crypto";
import { hankoRoutes } from "@usermeta/compat";
import { createUserMeta, jwtVerifier, memoryStore } from "@usermeta/core";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { keys, startWorld, stores, type World } from "./world.ts";

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const publicData = { existing_public_str: "data", existing_public_num: 1, existing_public_bool: true };
const privateData = { existing_private_str: "data", existing_private_arr: ["arr_0", "arr_1"] };
const unsafeData = { existing_unsafe_str: "data", existing_unsafe_obj: { existing_unsafe_obj_key: "value" } };
const all = { public_metadata: publicData, private_metadata: privateData, unsafe_metadata: unsafeData };

describe.each(Object.keys(stores))("Hanko on %s", (store) => {
  let world: World;
  let id: string;
  beforeAll(async () => {
    world = await startWorld(store);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    id = randomUUID();
    await world.meta.update(id, { public: publicData, private: privateData, unsafe: unsafeData });
  });

  async function ask(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(`${world.url}/hanko${path}`, {
      method,
      headers: { authorization: `Bearer ${keys.hanko}`, "content-type": "application/json", ...headers },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? "" : (JSON.parse(text) as unknown) };
  }
  const get = (userId = id) => ask("GET", `/users/${userId}/metadata`);
  const patch = (value: unknown, userId = id) => ask("PATCH", `/users/${userId}/metadata`, JSON.stringify(value));
  const nothing = { status: 204, body: "" };

  describe("The admin API", () => {
    it("gets what there is, and 204 of a user without metadata", async () => {
      expect(await get()).toEqual({ status: 200, body: all });
      expect(await get(id.toUpperCase())).toEqual({ status: 200, body: all });
      expect(await get(randomUUID())).toEqual(nothing);
    });

    it.each([
      ["an empty object", {}, all],
      ["empty types", { public_metadata: {}, private_metadata: {}, unsafe_metadata: {} }, all],
      [
        "a new key, beside a type that does not exist",
        { public_metadata: { new_key: "value" }, unknown_metadata: { a: 1 } },
        { ...all, public_metadata: { ...publicData, new_key: "value" } },
      ],
      [
        "scalars, arrays and nested objects",
        {
          public_metadata: { existing_public_num: 2, existing_public_bool: "now text" },
          private_metadata: { existing_private_arr: ["replaced"] },
          unsafe_metadata: { existing_unsafe_obj: { added: { deep: true } } },
        },
        {
          public_metadata: { ...publicData, existing_public_num: 2, existing_public_bool: "now text" },
          private_metadata: { ...privateData, existing_private_arr: ["replaced"] },
          unsafe_metadata: {
            ...unsafeData,
            existing_unsafe_obj: { existing_unsafe_obj_key: "value", added: { deep: true } },
          },
        },
      ],
      [
        "nulls",
        {
          public_metadata: null,
          private_metadata: { existing_private_str: null },
          unsafe_metadata: { existing_unsafe_str: null },
        },
        {
          private_metadata: { existing_private_arr: ["arr_0", "arr_1"] },
          unsafe_metadata: { existing_unsafe_obj: { existing_unsafe_obj_key: "value" } },
        },
      ],
      [
        "null members of objects in arrays, which are dropped while null elements stay",
        {
          public_metadata: null,
          private_metadata: null,
          unsafe_metadata: {
            existing_unsafe_str: [{ a: null, b: [null, { c: null, d: 1 }] }, null],
            existing_unsafe_obj: null,
          },
        },
        { unsafe_metadata: { existing_unsafe_str: [{ b: [null, { d: 1 }] }, null] } },
      ],
    ])("patches with %s", async (_, value, expected) => {
      expect(await patch(value)).toEqual({ status: 200, body: expected });
      expect(await get()).toEqual({ status: 200, body: expected });
    });

    it("clears all with three nulls, and with one", async () => {
      expect(await patch({ public_metadata: null, private_metadata: null, unsafe_metadata: null })).toEqual(nothing);
      expect(await get()).toEqual(nothing);
      await patch(all);
      expect(await patch(null)).toEqual(nothing);
      expect(await patch(null, randomUUID())).toEqual(nothing);
    });

    it("leaves a type out that became empty", async () => {
      const nulls = { existing_public_str: null, existing_public_num: null, existing_public_bool: null };
      expect(await patch({ public_metadata: nulls })).toEqual({
        status: 200,
        body: { private_metadata: privateData, unsafe_metadata: unsafeData },
      });
    });

    it("creates the metadata of a user without any", async () => {
      expect(await patch(all, randomUUID())).toEqual({ status: 200, body: all });
    });

    it("shows a user with metadata, and deletes him", async () => {
      expect(await ask("GET", `/users/${id}`)).toMatchObject({ status: 200, body: { id, metadata: all } });
      expect(await ask("DELETE", `/users/${id}`)).toEqual(nothing);
      expect(await get()).toEqual(nothing);
      expect(await ask("GET", `/users/${id}`)).toEqual({
        status: 200,
        body: { id, created_at: "0001-01-01T00:00:00Z", updated_at: "0001-01-01T00:00:00Z" },
      });
    });

    const bind = (words: string) => ({ code: 400, message: `code=400, message=${words}, internal=${words}` });
    it.each([
      ["text", '"invalid"', bind("patch metadata must be null or object")],
      ["an empty text", '""', bind("patch metadata must be null or object")],
      ["an array", '["in","valid"]', bind("patch metadata must be null or object")],
      [
        "a type that is no object",
        '{"public_metadata":{"a":1},"unsafe_metadata":[]}',
        bind("unsafe_metadata must be an object or null"),
      ],
      ["no JSON", '{"public_metadata"', bind("the text must be one JSON value")],
      ["nothing", "", bind("patch metadata must be null or object")],
      [
        "__proto__",
        '{"unsafe_metadata":{"__proto__":{"a":1}}}',
        bind("__proto__, and constructor holding prototype, are not allowed as keys"),
      ],
      ["1e400", '{"unsafe_metadata":{"a":1e400}}', bind("a number must be one that JavaScript keeps exactly")],
    ])("refuses %s, and writes nothing", async (_, body, expected) => {
      expect(await ask("PATCH", `/users/${id}/metadata`, body)).toEqual({ status: 400, body: expected });
      expect(await get()).toEqual({ status: 200, body: all });
    });

    it("counts 3,000 characters as Hanko does, all types or none", async () => {
      const filled = (length: number, text = "x") => ({
        a: text.repeat((length - '{"a":""}'.length) / Array.from(text).length),
      });
      const userId = randomUUID();
      expect((await patch({ public_metadata: filled(3000), private_metadata: filled(3000) }, userId)).status).toBe(200);
      const tooMuch = await patch(
        { unsafe_metadata: { a: 1 }, public_metadata: filled(3001), private_metadata: filled(3001) },
        userId,
      );
      expect(tooMuch).toEqual({
        status: 400,
        body: {
          code: 400,
          message:
            "metadata limit exceeded: public metadata must not exceed 3000 characters, private metadata must not exceed 3000 characters",
        },
      });
      expect((await world.meta.get(userId)).unsafe).toEqual({});
      expect((await patch({ unsafe_metadata: filled(3000, "🎉") }, userId)).status).toBe(200);
      const escaped = (count: number) => ({
        unsafe_metadata: { a: `${"<>&\u2028\u2029".repeat(99)}${"x".repeat(count)}` },
      });
      expect((await patch(escaped(3000 - 8 - 99 * 5 * 6), userId)).status).toBe(200);
      expect((await patch(escaped(3001 - 8 - 99 * 5 * 6), userId)).status).toBe(400);
      expect((await patch({ public_metadata: filled(2999) }, userId)).status).toBe(200);
    });

    it("refuses ids that are no UUIDs, other methods and media types", async () => {
      const invalid = { status: 400, body: { code: 400, message: "invalid user id" } };
      expect(await get("customUserId")).toEqual(invalid);
      expect(await get("")).toEqual(invalid);
      expect(await patch({}, "..%2f")).toEqual(invalid);
      expect(await ask("PUT", `/users/${id}/metadata`, "{}")).toEqual({
        status: 405,
        body: { code: 405, message: "Method Not Allowed" },
      });
      expect(await ask("PATCH", `/users/${id}/metadata`, "{}", { "content-type": "text/plain" })).toEqual({
        status: 415,
        body: { code: 415, message: "Unsupported Media Type" },
      });
    });

    it("lets nobody in without the key", async () => {
      const refused = { status: 401, body: { code: 401, message: "Unauthorized" } };
      for (const authorization of [
        "",
        "Bearer",
        "Bearer wrong-key-wrong-key",
        keys.hanko,
        `Basic ${keys.hanko}`,
        `Bearer ${await mintToken({ sub: id })}`,
      ])
        for (const [method, path] of [
          ["GET", `/users/${id}/metadata`],
          ["PATCH", `/users/${id}/metadata`],
          ["GET", `/users/${id}`],
          ["DELETE", `/users/${id}`],
        ] as const)
          expect(await ask(method, path, method === "PATCH" ? "null" : undefined, { authorization })).toEqual(refused);
      expect((await get()).status).toBe(200);
    });

    it("loses none of 50 patches at once", async () => {
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => patch({ private_metadata: { nested: { [`key${i}`]: i } } })),
      );
      const { nested } = (await world.meta.get(id)).private;
      expect(Object.keys(nested as object)).toHaveLength(50);
    });
  });

  describe("The public API", () => {
    const session = async () => ({ authorization: `Bearer ${await mintToken({ sub: id })}` });

    it("shows users their public and unsafe metadata, never the private", async () => {
      const { status, body } = await ask("GET", "/me", undefined, await session());
      expect(status).toBe(200);
      expect(body).toMatchObject({
        id,
        user_id: id,
        mfa_config: { auth_app_set_up: false, totp_enabled: false, security_keys_enabled: false },
        metadata: { public_metadata: publicData, unsafe_metadata: unsafeData },
      });
      expect(JSON.stringify(body)).not.toContain("private");
      await world.meta.clear(id);
      await world.meta.update(id, { private: { a: 1 } });
      expect((await ask("GET", "/me", undefined, await session())).body).not.toHaveProperty("metadata");
    });

    it("takes the session from the cookie, and answers the application's own pages", async () => {
      const headers = {
        authorization: "",
        cookie: `hanko=${await mintToken({ sub: id })}`,
        origin: "https://app.example",
      };
      const response = await fetch(`${world.url}/hanko/me`, { headers });
      expect(response.status).toBe(401); // an empty Authorization never falls back to the cookie
      const { authorization: _, ...cookieOnly } = headers;
      const good = await fetch(`${world.url}/hanko/me`, { headers: cookieOnly });
      expect([good.status, good.headers.get("access-control-allow-origin")]).toEqual([200, "https://app.example"]);
    });

    it("is 401 without a session", async () => {
      for (const authorization of ["", "Bearer x", `Bearer ${keys.hanko}`])
        expect(await ask("GET", "/me", undefined, { authorization })).toEqual({
          status: 401,
          body: { code: 401, message: "Unauthorized" },
        });
    });

    interface Flow {
      readonly name: string;
      readonly status: number;
      readonly csrf_token: string;
      readonly payload: { readonly user: { readonly metadata?: object } };
      readonly actions: { readonly patch_metadata: { readonly href: string; readonly inputs: Record<string, object> } };
      readonly error?: { readonly code: string };
    }
    const flowOf = ({ body }: Answer) => body as Flow;
    const start = async () => flowOf(await ask("POST", "/profile", undefined, await session()));
    const act = async (flow: Flow, patch_metadata: unknown, csrf_token = flow.csrf_token) => {
      const body = JSON.stringify({ input_data: { patch_metadata }, csrf_token });
      return ask("POST", flow.actions.patch_metadata.href, body, await session());
    };

    it("starts the Profile flow with the one action about metadata", async () => {
      const flow = await start();
      expect(flow).toMatchObject({
        name: "profile_init",
        status: 200,
        payload: { user: { user_id: id, metadata: { public_metadata: publicData, unsafe_metadata: unsafeData } } },
        actions: {
          patch_metadata: {
            action: "patch_metadata",
            inputs: { patch_metadata: { name: "patch_metadata", type: "json", required: true, hidden: false } },
          },
        },
      });
      expect(flow.actions.patch_metadata.href).toMatch(/^\/profile\?action=patch_metadata%40[0-9a-f-]{36}$/);
    });

    it("patches unsafe metadata; the change log says who", async () => {
      const flow = flowOf(await act(await start(), { existing_unsafe_str: null, list: [{ a: null }] }));
      expect(flow).toMatchObject({ name: "profile_init", status: 200 });
      const { unsafe, public: seen } = await world.meta.get(id);
      expect(unsafe).toEqual({ existing_unsafe_obj: unsafeData.existing_unsafe_obj, list: [{}] });
      expect(seen).toEqual(publicData);
      expect(flow.payload.user.metadata).toEqual({ public_metadata: publicData, unsafe_metadata: unsafe });
      expect((await world.meta.export(id)).history[0]).toMatchObject({ actor: `user:${id}` });
    });

    it("clears with null and with the text that Hanko takes, and reads an object from text", async () => {
      await act(await start(), '{"from":"text"}');
      expect((await world.meta.get(id)).unsafe).toMatchObject({ from: "text" });
      for (const clearing of [null, "null"]) {
        await world.meta.update(id, { unsafe: { a: 1 } });
        await act(await start(), clearing);
        expect((await world.meta.get(id)).unsafe).toEqual({});
      }
    });

    it.each([
      ["a number", 5],
      ["an array", [1]],
      ["text", "text"],
      ["nothing", undefined],
      ["too much", { a: "x".repeat(3000) }],
      ["a forbidden key", '{"__proto__":{}}'],
    ])("shows the error at its input: %s", async (_, value) => {
      const answer = await act(await start(), value);
      expect(answer.status).toBe(400);
      expect(flowOf(answer)).toMatchObject({
        name: "profile_init",
        status: 400,
        error: { code: "form_data_invalid_error", message: "Form data invalid." },
        actions: {
          patch_metadata: {
            inputs: {
              patch_metadata: { error: { code: "invalid_metadata_error", message: "The metadata is invalid." } },
            },
          },
        },
      });
      expect((await world.meta.get(id)).unsafe).toEqual(unsafeData);
    });

    it("refuses tokens of other flows and users, and other actions", async () => {
      const [flow, other] = [await start(), await start()];
      const refused = {
        status: 403,
        body: expect.objectContaining({
          name: "error",
          error: { code: "operation_not_permitted_error", message: "The operation is not permitted." },
        }),
      };
      expect(await act(flow, {}, other.csrf_token)).toEqual(refused);
      expect(await act(flow, {}, "")).toEqual(refused);
      const body = JSON.stringify({ input_data: { patch_metadata: {} }, csrf_token: flow.csrf_token });
      const somebody = { authorization: `Bearer ${await mintToken({ sub: randomUUID() })}` };
      expect(await ask("POST", flow.actions.patch_metadata.href, body, somebody)).toEqual(refused);
      const elsewhere = flow.actions.patch_metadata.href.replace("patch_metadata", "account_delete");
      expect(await ask("POST", elsewhere, body, await session())).toEqual(refused);
      expect(await ask("POST", "/profile", undefined, { authorization: "" })).toMatchObject({
        status: 401,
        body: { name: "error", error: { code: "unauthorized", message: "The session is invalid." } },
      });
    });

    it("ends a flow after a day", async () => {
      const flow = await start();
      const exp = Math.floor(Date.now() / 1000) + 48 * 3600;
      const headers = { authorization: `Bearer ${await mintToken({ sub: id, exp })}` };
      const body = JSON.stringify({ input_data: { patch_metadata: {} }, csrf_token: flow.csrf_token });
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 24 * 3600 * 1000 + 1000 });
      const answer = await ask("POST", flow.actions.patch_metadata.href, body, headers).finally(() =>
        vi.useRealTimers(),
      );
      expect(answer).toMatchObject({ status: 410, body: { name: "error", error: { code: "flow_expired_error" } } });
    });
  });
});

it("A key, or the written-out lack of one, is required at start", async () => {
  const meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  for (const options of [
    {},
    { apiKey: "" },
    { apiKey: "short" },
    { apiKey: undefined },
    { apiKey: true },
    { apiKey: false, x: 1 },
    { apiKey: false, userExists: true },
  ])
    expect(() => hankoRoutes(meta, options as never), JSON.stringify(options)).toThrow(
      expect.objectContaining({ code: "invalid_config" }),
    );
  expect(() => hankoRoutes(meta, { apiKey: false })).not.toThrow();
});

it("Users that the application does not know are 404", async () => {
  const meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  const id = randomUUID();
  const routes = hankoRoutes(meta, { apiKey: keys.hanko, userExists: async (userId) => userId === id });
  const statusOf = async (userId: string, method = "GET") => {
    const headers = { authorization: `Bearer ${keys.hanko}` };
    const answer = await routes.handle({ method, url: `/users/${userId}/metadata`, headers, body: "null" });
    return [answer?.status, answer?.body];
  };
  expect(await statusOf(id)).toEqual([204, ""]);
  expect(await statusOf(randomUUID())).toEqual([404, '{"code":404,"message":"user not found"}']);
  expect(await statusOf(randomUUID(), "PATCH")).toEqual([404, '{"code":404,"message":"user not found"}']);
});
