import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type FormatName, formats, remap } from "../../src/import/formats.ts";
import { file, importInto, metaOn } from "./sources.ts";

const folder = join(import.meta.dirname, "exports");

/** What each fixture is to become; users without metadata have no record. */
const expected: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  usermeta: {
    user_1: { public: { plan: "pro" }, private: { credits: 10 }, unsafe: { theme: "dark" } },
    bób: { public: {}, private: {}, unsafe: { emoji: "😀" } },
  },
  clerk: {
    user_2NNEqL2nrIRdJ194ndJqAHwEfxC: {
      public: { plan: "pro", quote: ']}, "not the end" [' },
      private: { stripe: "cus_9s6XKzkNRiz8i3" },
      unsafe: { theme: "dark" },
    },
    user_2NNEqXrBYM3pVzQ2lUd4nQDj1zO: { version: 0 },
  },
  "supertokens.json": { "user-123": { private: { first_name: "Ada", plan: "pro" }, public: {}, unsafe: {} } },
  "supertokens.csv": { "01e4b8c2-5a4f-4b6e-9a68-6a3a8a5d3b11": { private: { first_name: "Ada", plan: "pro" } } },
  hanko: {
    "799e95f0-4cc7-4bd7-9f01-5fdc4fa26ea3": { public: { plan: "pro" }, private: {}, unsafe: { theme: "dark" } },
    "b4a8a4d0-8b1f-4d53-8c2a-0f1f4c3c9f11": { version: 0 },
  },
  auth0: {
    "auth0|5f7c8ec7c33c6c004bbafe82": {
      private: { plan: "pro", roles: ["admin"] },
      public: {},
      unsafe: { theme: "dark" },
    },
    "google-oauth2|103547991597142817347": { version: 0 },
  },
  supabase: {
    "2b6f0cc9-04d3-4d6c-9c53-1f6d3f2bb5a1": {
      public: { provider: "email", providers: ["email"] },
      private: {},
      unsafe: { first_name: "Ada", age: 27 },
    },
  },
  firebase: {
    piFmgZ2bwjVLQTMhBbkGnLDGFEP2: { public: { admin: true, plan: "pro" }, private: {}, unsafe: {} },
    wGq1pRkV0YfXx8oXIn1kTz3nZbC3: { version: 0 },
  },
};

describe("Users from elsewhere", () => {
  it("are tried with every format there is", () => {
    const vendors = new Set(readdirSync(folder).map((name) => name.split(".")[0]));
    expect(vendors).toEqual(new Set(Object.keys(formats)));
  });

  it.each(readdirSync(folder))("come from %s, each member in its scope", async (name) => {
    const vendor = name.split(".")[0] as FormatName;
    const meta = metaOn();
    const { refused } = await importInto(meta, join(folder, name), { format: formats[vendor] });
    expect(refused).toEqual([]);
    for (const [userId, record] of Object.entries(expected[name] ?? expected[vendor] ?? {}))
      expect(await meta.get(userId)).toMatchObject(record);
  });

  it("go to another scope where they are told to", async () => {
    const meta = metaOn();
    const format = remap("auth0", { app_metadata: "public" });
    await importInto(meta, join(folder, "auth0.ndjson"), { format });
    expect(await meta.get("auth0|5f7c8ec7c33c6c004bbafe82")).toMatchObject({ public: { plan: "pro" }, private: {} });
    expect(() => remap("auth0", { app_metadata: "secret" })).toThrow(/public, private, unsafe/);
    expect(() => remap("auth0", { nickname: "public" })).toThrow(/app_metadata, user_metadata/);
  });

  it("are refused with row, cause and place, and the others are written", async () => {
    const rows = [
      '{"userId":"fine","public":{"a":1}}',
      '{"userId":"","public":{}}',
      '{"userId":7,"public":{}}',
      '{"userId":"x","public":[]}',
      '{"userId":"x","publik":{}}',
      '{"userId":"x","unsafe":{"__proto__":1}}',
      `{"userId":"x","unsafe":{"long":"${"y".repeat(3000)}"}}`,
      '{"userId":" ","unsafe":{"a":1}}',
      "[]",
      '{"userId":"fine too","private":{"a":null}}',
    ];
    const meta = metaOn();
    const { refused, tally } = await importInto(meta, file("users.ndjson", rows.join("\n")));
    expect(refused).toEqual([
      "2 invalid_user_id",
      "3 invalid_user_id",
      "4 not_an_object /public",
      "5 unknown_member",
      "6 forbidden_key /unsafe",
      "7 scope_too_large /unsafe",
      "8 invalid_user_id",
      "9 not_an_object",
    ]);
    expect(tally).toMatchObject({ created: 2, refused: 8 });
    expect((await meta.get("fine too")).private).toEqual({ a: null });
  });
});
