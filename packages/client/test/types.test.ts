import { createClient, type Metadata, type MetadataClient } from "@usermeta/client";
import { createUserMeta, type JsonObject, memoryStore } from "@usermeta/core";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";

const schema = {
  public: z.object({ plan: z.enum(["free", "pro"]) }),
  private: z.object({ ssn: z.string() }),
  unsafe: z.object({
    name: z.string(),
    theme: z.enum(["dark", "light"]).optional(),
    address: z.object({ city: z.string(), zip: z.string().optional() }).optional(),
  }),
};
const meta = createUserMeta({
  store: memoryStore(),
  verifier: () => {
    throw new Error("no session is verified here");
  },
  schema,
});
interface Shared {
  public: { plan: "free" | "pro" };
  unsafe: {
    name: string;
    theme?: "dark" | "light" | undefined;
    address?: { city: string; zip?: string | undefined } | undefined;
  };
}

const byServer = createClient<typeof meta>();
const bySchema = createClient<typeof schema>();
const byDocuments = createClient<Shared>();
const plain = createClient();

describe("the types of a client", () => {
  it("are the server's, the schema's or the documents' own", () => {
    for (const client of [byServer, bySchema, byDocuments]) {
      expectTypeOf(client.get).returns.resolves.toHaveProperty("public").toEqualTypeOf<{ plan?: "free" | "pro" }>();
      expectTypeOf(client.get).returns.resolves.not.toHaveProperty("private");
      expectTypeOf(client.current).returns.toExtend<Metadata<Shared> | undefined>();
    }
    expectTypeOf(plain).toEqualTypeOf<
      MetadataClient<{ public: JsonObject; private: JsonObject; unsafe: JsonObject }>
    >();
    expectTypeOf(plain.get).returns.resolves.toHaveProperty("unsafe").toEqualTypeOf<Partial<JsonObject>>();
  });
  it("let every way of writing name what it may", () => {
    void (async () => {
      for (const client of [byServer, bySchema, byDocuments]) {
        await client.update({ unsafe: { theme: "dark", address: null } });
        await client.update({ unsafe: { address: { zip: null } } }, { merge: "deep" });
        await client.update({ unsafe: { name: "Ada" } }, { merge: "replace" });
        await client.update(({ unsafe }) => ({ unsafe: { theme: unsafe.theme === "dark" ? "light" : "dark" } }));
        await client.signUp({ unsafe: { name: "Ada" } });
        // @ts-expect-error no such theme
        await client.update({ unsafe: { theme: "blue" } });
        // @ts-expect-error the name is not optional
        await client.update({ unsafe: { name: null } });
        // @ts-expect-error an address needs its city
        await client.update({ unsafe: { address: { zip: "1" } } });
        // @ts-expect-error a replacement needs the name
        await client.update({ unsafe: { theme: "dark" } }, { merge: "replace" });
        // @ts-expect-error public is the server's to write
        await client.update({ public: { plan: "pro" } });
        // @ts-expect-error a sign-up sets unsafe only
        await client.signUp({ unsafe: { name: "Ada" }, public: { plan: "pro" } });
      }
      await plain.update({ unsafe: { anything: [1, null] } });
      // @ts-expect-error not JSON
      await plain.update({ unsafe: { at: new Date() } });
    });
  });
  it("take what a guard puts on the session for the first render, and no record with private", async () => {
    void (async () => {
      const session = await meta.verifySession({ headers: {} }, { metadata: true });
      if (session?.metadata) createClient<typeof meta>({ initial: { userId: session.userId, ...session.metadata } });
      // @ts-expect-error the record has private
      createClient<typeof meta>({ initial: await meta.get("ada") });
    });
  });
});
