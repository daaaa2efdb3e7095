import { inject, intercept } from "@loopback/core";
import { post, RestBindings, response } from "@loopback/rest";
import type { SessionContext } from "@usermeta/loopback";
import { UserMetadata, onLoopback as verifySession } from "./usermeta.ts";

export class UpdateInfo {
  constructor(@inject(RestBindings.Http.CONTEXT) private ctx: SessionContext) {}
  @post("/updateinfo")
  @intercept(verifySession())
  @response(200)
  async handler() {
    const session = this.ctx.session;
    const userId = session!.getUserId();

    await UserMetadata.updateUserMetadata(userId, { newKey: "data" });

    return { message: "successfully updated user metadata" };
  }
}
