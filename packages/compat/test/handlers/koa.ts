import KoaRouter from "@koa/router";
import type { SessionContext } from "@usermeta/koa";
import { UserMetadata, onKoa as verifySession } from "./usermeta.ts";

export function update() {
  let router = new KoaRouter();

  router.post("/updateinfo", verifySession(), async (ctx: SessionContext, next) => {
    const session = ctx.session;
    const userId = session!.getUserId();

    await UserMetadata.updateUserMetadata(userId, { newKey: "data" });

    ctx.body = { message: "successfully updated user metadata" };
  });
  return router;
}
