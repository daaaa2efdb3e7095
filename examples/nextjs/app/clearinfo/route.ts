import { verifySession } from "@usermeta/nextjs";
import { meta } from "../../usermeta.ts";

export const POST = verifySession(meta, async (_req, { session }) => {
  await meta.clear(session.getUserId(), "private");
  return Response.json({ success: true });
});
