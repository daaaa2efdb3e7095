import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import {
  createUserMeta,
  type Documents,
  type Json,
  type JsonObject,
  memoryStore,
  metadataRoutes,
  type Session,
  type SessionRequest,
  type UserMeta,
} from "../src/index.ts";

const verifier = () => {
  throw new Error("no session is verified here");
};
const plain = createUserMeta({ store: memoryStore(), verifier });
const typed = createUserMeta({
  store: memoryStore(),
  verifier,
  schema: {
    public: z.object({ plan: z.enum(["free", "pro"]), seats: z.number().optional() }),
    unsafe: z.object({
      theme: z.string().optional(),
      layout: z.object({ wide: z.boolean().optional(), columns: z.number() }).optional(),
    }),
  },
});

/** Never called: what is here is only compiled, and `@ts-expect-error` fails where the compiler finds nothing wrong. */
export async function compiled(request: SessionRequest): Promise<void> {
  await plain.update("u", { unsafe: { anything: [1, { a: null }] } });
  await plain.update("u", ({ private: { n } }) => ({ private: { n: Number(n) + 1 } }));
  // @ts-expect-error there is no such scope
  await plain.update("u", { other: {} });
  // @ts-expect-error a Date is not JSON
  await plain.update("u", { unsafe: { at: new Date() } });

  await typed.update("u", { public: { plan: "pro" }, unsafe: { theme: null } });
  await typed.update("u", { unsafe: { layout: { columns: 3 } } });
  // @ts-expect-error not one of the plans
  await typed.update("u", { public: { plan: "gold" } });
  // @ts-expect-error null removes, and a required key cannot be removed
  await typed.update("u", { public: { plan: null } });
  // @ts-expect-error a shallow update replaces root keys whole
  await typed.update("u", { unsafe: { layout: { wide: null } } });
  await typed.update("u", { unsafe: { layout: { wide: null } } }, { merge: "deep" });
  // @ts-expect-error required inside too
  await typed.update("u", { unsafe: { layout: { columns: null } } }, { merge: "deep" });
  await typed.update("u", { unsafe: { theme: "dark" } }, { merge: "replace" });
  // @ts-expect-error what replaces must be whole
  await typed.update("u", { public: { seats: 3 } }, { merge: "replace" });
  await typed.update("u", ({ public: { seats } }) => ({ public: { seats: (seats ?? 0) + 1 } }));
  await typed.patch("u", [{ op: "copy", from: "/unsafe/a", path: "/unsafe/b" }]);
  // @ts-expect-error an addition needs a value
  await typed.patch("u", [{ op: "add", path: "/unsafe/a" }]);
  await typed.clear("u", "unsafe");

  const session = await plain.verifySession(request);
  expectTypeOf(session).toEqualTypeOf<Session>();
  expectTypeOf(await plain.verifySession(request, { sessionRequired: false })).toEqualTypeOf<Session | undefined>();
  expectTypeOf(await plain.verifySession(request, { scopes: ["a"] })).toEqualTypeOf<Session>();
  expectTypeOf(session.claims["sub"]).toEqualTypeOf<Json | undefined>();
}

describe("Types", () => {
  it("flow from schemas to what is read, where a scope may never have been written", () => {
    type Typed = Awaited<ReturnType<typeof typed.get>>;
    expectTypeOf<Typed["public"]["plan"]>().toEqualTypeOf<"free" | "pro" | undefined>();
    expectTypeOf<Typed["unsafe"]["theme"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Typed["private"]>().toEqualTypeOf<Partial<JsonObject>>();
    expectTypeOf<Typed["createdAt"]>().toEqualTypeOf<string | null>();
  });

  it("flow to the metadata on the session", () => {
    type Found = NonNullable<ReturnType<typeof typed.sessionOf>>;
    expectTypeOf<NonNullable<Found["metadata"]>["public"]["plan"]>().toEqualTypeOf<"free" | "pro" | undefined>();
    metadataRoutes(typed, {});
  });

  it("let bindings and route tables take a typed instance", () => {
    expectTypeOf(typed).toExtend<
      Pick<UserMeta<Documents>, "guard" | "sessionOf" | "verifySession" | "records" | "cors">
    >();
  });
});
