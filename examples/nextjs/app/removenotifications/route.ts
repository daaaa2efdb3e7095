import { verifySession } from "@usermeta/nextjs";
import { meta } from "../../usermeta.ts";

export const POST = verifySession(meta, async (_req, { session }) => {
  await meta.update(session.getUserId(), { private: { notifications: null } });
  return Response.json({ message: "successfully updated user metadata" });
});
