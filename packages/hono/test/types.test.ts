import type { Session, UserMeta } from "@usermeta/core";
import { getSession, mount, verifySession } from "@usermeta/hono";
import { Hono } from "hono";
import { expectTypeOf, it } from "vitest";

declare const meta: UserMeta;

it("the types give handlers the session that their guard promises", () => {
  const routes = () => {
    const app = new Hono<{ Bindings: { KV: string } }>();
    app.get("/:id", verifySession(meta), (c) => {
      expectTypeOf(c.get("session")).toEqualTypeOf<Session>();
      expectTypeOf(c.var.session).toEqualTypeOf<Session>();
      expectTypeOf(c.env.KV).toBeString();
      expectTypeOf(c.req.param("id")).toBeString();
      return c.body(null);
    });
    app.post("/x", verifySession(meta, { sessionRequired: false }), (c) => {
      expectTypeOf(c.get("session")).toEqualTypeOf<Session | undefined>();
      return c.json({ userId: c.get("session")?.userId });
    });
    app.get(
      "/x",
      verifySession(meta, { scopes: ["a"] }),
      async (_c, next) => next(),
      (c) => {
        expectTypeOf(c.get("session")).toEqualTypeOf<Session>();
        return c.body(null);
      },
    );
    const whole = new Hono().use(verifySession(meta)).get("/x", (c) => c.text(c.get("session").userId));
    whole.route("/usermeta", mount([]));
    app.get("/y", (c) => {
      // @ts-expect-error no guard
      void c.get("session").userId;
      expectTypeOf(getSession(meta, c)).toEqualTypeOf<Session>();
      return c.body(null);
    });
  };
  expectTypeOf(routes).toBeFunction();
});
